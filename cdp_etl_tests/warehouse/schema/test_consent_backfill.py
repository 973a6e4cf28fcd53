"""Consent statements of loads before schema version 8, filled in at the migration."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.warehouse import missing_statements
from cdp_etl.warehouse.schema import consent_backfill
from cdp_etl.warehouse.sql import transaction
from cdp_etl_tests.marts.delivering import Deliverer
from cdp_etl_tests.marts.models.test_consent import EMAIL, SUBSCRIBER, email_event, subscriber

FIRST, SECOND = date(2026, 3, 10), date(2026, 3, 11)
STATEMENTS = "FROM staging.consent_statement ORDER BY ALL"


@pytest.fixture
def loaded(tmp_path: Path) -> Deliverer:
    """Return a warehouse with a superseded version and with a delivery that a later one replaced."""
    loaded = Deliverer(tmp_path)
    loaded.deliver(SUBSCRIBER, FIRST, [subscriber("1", 2, "Unsubscribed"), subscriber("1", 1)])
    loaded.deliver(EMAIL, SECOND, [email_event("1", 3, "complaint")])
    loaded.deliver(EMAIL, SECOND, [email_event("2", 4, "opened")])
    return loaded


def _upgraded(loaded: Deliverer, lake: Path | None) -> list[tuple[Any, ...]]:
    """Return the statements that the migration writes, read before the connection is closed."""
    with loaded.loader.warehouse.writing() as connection, transaction(connection):
        connection.execute("DELETE FROM staging.consent_statement")
        consent_backfill.fill(connection, lake)
        return connection.execute(STATEMENTS).fetchall()


def _written_by_loads(loaded: Deliverer) -> list[tuple[Any, ...]]:
    with loaded.loader.warehouse.reading() as connection:
        return connection.execute(STATEMENTS).fetchall()


def test_the_lake_gives_the_statements_that_the_loads_would_have_written(loaded: Deliverer) -> None:
    written = _written_by_loads(loaded)

    assert len(written) == 5
    assert _upgraded(loaded, loaded.folder / "lake") == written
    assert missing_statements(loaded.loader.warehouse) == []


def test_without_the_lake_accepted_records_come_from_staging_and_the_gap_is_stored(
    loaded: Deliverer, caplog: pytest.LogCaptureFixture
) -> None:
    """Missing are the superseded refusal of the subscription and the complaint of the replaced delivery."""
    shutil.rmtree(loaded.folder / "lake")

    filled = _upgraded(loaded, loaded.folder / "lake")

    assert [(row[1], row[2], row[3]) for row in filled] == [
        ("e:a@ex.com", "email", True),
        ("p:+84986851234", "phone", True),
    ]
    assert missing_statements(loaded.loader.warehouse) == [("customer_product_subscriber", FIRST)]
    assert "`cdp-etl consent refill`" in caplog.text


def test_a_load_of_the_dump_closes_the_gap(loaded: Deliverer) -> None:
    shutil.rmtree(loaded.folder / "lake")
    _upgraded(loaded, None)

    loaded.deliver(SUBSCRIBER, FIRST, [subscriber("1", 2, "Unsubscribed"), subscriber("1", 1)])

    refusals = loaded.loader.rows("SELECT count(*) AS n FROM staging.consent_statement WHERE NOT is_given")
    assert (missing_statements(loaded.loader.warehouse), refusals) == ([], [{"n": 2}])


@pytest.mark.parametrize("damage", [b"damaged", b""], ids=["garbage", "empty"])
def test_an_output_that_is_damaged_counts_as_missing(loaded: Deliverer, damage: bytes) -> None:
    for file in (loaded.folder / "lake").rglob("superseded/*.parquet"):
        file.write_bytes(damage)

    filled = _upgraded(loaded, loaded.folder / "lake")

    assert [row[3] for row in filled if row[1] == "e:a@ex.com"] == [False, True]
    assert missing_statements(loaded.loader.warehouse) == [("customer_product_subscriber", FIRST)]


def test_an_output_that_lacks_a_file_counts_as_missing(loaded: Deliverer) -> None:
    for file in (loaded.folder / "lake").rglob("superseded/*.parquet"):
        file.unlink()

    _upgraded(loaded, loaded.folder / "lake")

    assert missing_statements(loaded.loader.warehouse) == [("customer_product_subscriber", FIRST)]


def test_the_ids_of_statements_that_are_contacts_are_known_after_the_upgrade(tmp_path: Path) -> None:
    loaded = Deliverer(tmp_path)
    phone, address = "0901234567", "lan@example.vn"
    refusal = subscriber(address, 2, "Unsubscribed", customerId=phone, customerEmail="-")
    loaded.deliver(SUBSCRIBER, FIRST, [refusal])
    with loaded.loader.warehouse.writing() as connection, transaction(connection):
        before = connection.execute("FROM ops.contact_shaped_id ORDER BY ALL").fetchall()
        connection.execute("DELETE FROM ops.contact_shaped_id")
        connection.execute("UPDATE staging.consent_statement SET contact = 'c:' || ?", [phone])
        consent_backfill.add_contact_ids(connection, "VN")
        after = connection.execute("FROM ops.contact_shaped_id ORDER BY ALL").fetchall()

    assert after == [(f"c:{phone}",), (f"||{address}",)]
    assert set(after) <= set(before)
