"""Full check: finds damage that the invariants of a load exclude."""

from datetime import date

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import Warehouse, check_full
from cdp_etl.warehouse.load.consent_statements import STATING_ENTITIES
from cdp_etl.warehouse.load.protocols import FindDump
from cdp_etl_tests.warehouse.dumps import SUBSCRIBER, Dump, record, write_dump
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records

COPY = """
    INSERT INTO staging.customer_product_comment BY NAME
    SELECT * REPLACE ({}) FROM staging.customer_product_comment
"""


def lake_of(warehouse: Warehouse) -> FindDump:
    """Return a function that finds the dumps of `load_records`: it counts nothing, the check reads files only."""

    def find(entity: Entity, dump_date: date, fingerprint: str) -> Dump:
        folder = warehouse.path.parent / "lake" / entity.table / str(dump_date) / fingerprint
        accepted, superseded, quarantined = (
            sorted((folder / kind).glob("*.parquet")) for kind in ("accepted", "superseded", "quarantined")
        )
        return Dump(dump_date, fingerprint, 0, 0, 0, 0, 0, 0, accepted, superseded, quarantined)

    return find


def failed_checks(warehouse: Warehouse) -> dict[str, tuple[int, str]]:
    """Return the failed checks with violations and sentence."""
    return {
        one.check: (one.violations, one.sentence)
        for one in check_full(warehouse, lake_of(warehouse))
        if not one.passed
    }


def test_a_warehouse_filled_by_loads_passes(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1"), comment("2", record_status="Deleted")], quarantined=1, superseded=1)
    load_records(warehouse, 2, [comment("1")])
    load_records(warehouse, 3, [])

    results = check_full(warehouse, lake_of(warehouse))

    assert len(results) == 4 * len(ENTITIES) + len(STATING_ENTITIES)
    assert failed_checks(warehouse) == {}


def test_a_lost_consent_statement_is_found(warehouse: Warehouse) -> None:
    refusal = record(SUBSCRIBER, "1", status="Unsubscribed")
    load(warehouse, write_dump(warehouse.path.parent / "lake", SUBSCRIBER, day(1), [refusal]), entity=SUBSCRIBER)
    assert failed_checks(warehouse) == {}
    with warehouse.writing() as connection:
        connection.execute("DELETE FROM staging.consent_statement WHERE channel = 'email'")

    assert failed_checks(warehouse) == {"statements_are_stored": (1, "1 consent statements are not stored.")}


@pytest.mark.parametrize(
    ("damage", "check", "violations", "sentence"),
    [
        pytest.param(
            COPY.format("9 AS source_position, false AS is_current") + " WHERE comment_id = '2'",
            "key_is_unique",
            1,
            "1 keys occur more than once in a dump.",
            id="a key twice in a dump",
        ),
        pytest.param(
            "UPDATE staging.customer_product_comment SET is_current = true WHERE comment_id = '1'",
            "newest_version_is_current",
            1,
            "1 keys do not have exactly their newest version marked as current.",
            id="two current versions",
        ),
        pytest.param(
            "UPDATE staging.customer_product_comment SET is_current = NOT is_current WHERE comment_id = '1'",
            "newest_version_is_current",
            1,
            "1 keys do not have exactly their newest version marked as current.",
            id="an older version current",
        ),
        pytest.param(
            "DELETE FROM staging.customer_product_comment WHERE comment_id = '2'",
            "records_balance",
            1,
            "1 dumps have other counts than the ledger: 2026-01-01.",
            id="a row lost",
        ),
        pytest.param(
            "DELETE FROM ops.load WHERE dump_date = DATE '2026-01-02'",
            "records_balance",
            1,
            "1 dumps have other counts than the ledger: 2026-01-02.",
            id="a dump that the ledger does not know",
        ),
    ],
)
def test_damage_is_found_and_named(
    warehouse: Warehouse, damage: str, check: str, violations: int, sentence: str
) -> None:
    load_records(warehouse, 1, [comment("1"), comment("2")], quarantined=1)
    load_records(warehouse, 2, [comment("1")])
    with warehouse.writing() as connection:
        connection.execute(damage)

    assert failed_checks(warehouse)[check] == (violations, sentence)
