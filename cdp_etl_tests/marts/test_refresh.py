"""Refresh of marts: pending changes are applied once, and a changed definition rebuilds a mart."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.engine import apply, input_views
from cdp_etl.marts.errors import MartInputMissingError
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY
from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.shared_identifier import SHARED_IDENTIFIER
from cdp_etl.marts.refresh import rebuild_mart, rebuild_marts, refresh_mart, refresh_marts
from cdp_etl.marts.registry import MARTS, downstream
from cdp_etl.warehouse.sql import transaction
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record


def test_a_mart_is_built_then_updated_then_unchanged(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    new = refresh_mart(loader.warehouse, INTERACTION, loader.settings)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
    updated = refresh_mart(loader.warehouse, INTERACTION, loader.settings)
    again = refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    assert (new.rebuild_reason, new.rows_inserted, new.load_seq) == ("missing", 1, 1)
    assert (updated.rebuild_reason, updated.affected_keys, updated.rows_inserted, updated.load_seq) == (
        None,
        1,
        1,
        2,
    )
    assert (again.rebuild_reason, again.affected_keys, again.rows_inserted, again.row_count) == (None, 0, 0, 2)


def test_a_table_that_is_no_input_of_the_mart_is_named(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """`identifier_link`, which is refreshed before, reads that table."""
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    header = replace(SHARED_IDENTIFIER.header, inputs=("customer_identity",))
    monkeypatch.setitem(SHARED_IDENTIFIER.__dict__, "header", header)

    with pytest.raises(
        MartInputMissingError, match=r"shared_identifier reads \w+_current, .* marts/models/shared_identifier\.sql"
    ):
        refresh_mart(loader.warehouse, SHARED_IDENTIFIER, loader.settings)


def test_a_refresh_refreshes_upstream_marts_first(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])

    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    assert loader.rows("SELECT mart, load_seq FROM ops.mart_state ORDER BY mart") == [
        {"mart": "customer_product_daily", "load_seq": 1},
        {"mart": "interaction", "load_seq": 1},
    ]


@pytest.mark.full
def test_a_changed_definition_rebuilds_the_mart_and_its_downstream_marts(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_marts(loader.warehouse, loader.settings)

    monkeypatch.setitem(INTERACTION.__dict__, "header", INTERACTION.header)
    monkeypatch.setitem(INTERACTION.__dict__, "sql", f"SELECT * FROM ({INTERACTION.sql})")
    results = refresh_marts(loader.warehouse, loader.settings)

    rebuilt = {result.mart for result in results if result.rebuild_reason == "definition changed"}
    computed = [mart.name for mart in downstream(INTERACTION) if mart.change_log_of is None]
    assert rebuilt == {INTERACTION.name, *computed}
    assert {result.rebuild_reason for result in refresh_marts(loader.warehouse, loader.settings)} == {None}


def test_a_rebuild_repairs_a_damaged_mart_and_its_downstream_marts(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_marts(loader.warehouse, loader.settings)
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.interaction")
    rebuild_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)
    assert loader.rows("SELECT count(*) AS n FROM marts.customer_product_daily") == [{"n": 0}]

    rebuild_mart(loader.warehouse, INTERACTION, loader.settings)
    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    assert loader.rows("SELECT count(*) AS n FROM marts.customer_product_daily") == [{"n": 1}]


def test_rebuilding_all_marts_rebuilds_each_once(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])

    results = rebuild_marts(loader.warehouse, loader.settings)

    assert {result.mart: result.rebuild_reason for result in results} == {
        mart.name: None if mart.change_log_of else "requested" for mart in MARTS
    }


@pytest.mark.full
def test_changes_are_deleted_after_every_mart_has_applied_them(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_marts(loader.warehouse, loader.settings)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
    pending = "SELECT count(*) AS n FROM ops.change_feed"

    refresh_mart(loader.warehouse, INTERACTION, loader.settings)
    assert loader.rows(pending) == [{"n": 1}]

    refresh_marts(loader.warehouse, loader.settings)
    assert loader.rows(pending) == [{"n": 0}]


def test_a_failed_run_changes_neither_the_mart_nor_its_state(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_marts(loader.warehouse, loader.settings)
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])

    with (
        patch.object(input_views, "bind_filtered_inputs", side_effect=RuntimeError("on purpose")),
        pytest.raises(RuntimeError, match="on purpose"),
    ):
        refresh_marts(loader.warehouse, loader.settings)

    assert loader.rows("SELECT count(*) AS n FROM marts.interaction") == [{"n": 1}]
    assert loader.rows("SELECT load_seq FROM ops.mart_state WHERE mart = 'interaction'") == [{"load_seq": 1}]
    assert refresh_mart(loader.warehouse, INTERACTION, loader.settings).row_count == 2


def test_changed_months_are_recorded(loader: Loader) -> None:
    loader.load(ACTIVITY, 40, [make_record(ACTIVITY, "1", on=1), make_record(ACTIVITY, "2", on=40)])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)
    loader.load(ACTIVITY, 41, [make_record(ACTIVITY, "2", on=41)])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    months = loader.rows("SELECT month::VARCHAR AS month, load_seq FROM ops.mart_partition ORDER BY month")

    assert months == [{"month": "2026-03-01", "load_seq": 1}, {"month": "2026-04-01", "load_seq": 2}]


@pytest.mark.full
def test_a_mart_that_is_computed_in_full_keeps_many_rows(loader: Loader) -> None:
    """DuckDB 2.0.0 finds no row before the commit if two threads fill a table created by `AS … LIMIT 0`."""
    warehouse = replace(loader.warehouse, threads=2)
    refresh_marts(warehouse, loader.settings)
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    refresh_mart(warehouse, CUSTOMER_IDENTITY, loader.settings)
    with warehouse.writing() as connection, transaction(connection):
        connection.execute(
            "INSERT INTO mart_storage.customer_identity BY NAME SELECT '' AS company_id, 'p:' || i AS identifier,"
            " identifier AS person_id, 9 AS customer_id_count, 0 AS email_count, 0 AS phone_count,"
            " 'is shared' AS exclusion_reason, 1 AS written_by_load_seq,"
            " 0 AS company_id_identifier_hash, 0 AS company_id_person_id_hash FROM range(300_000) AS numbers(i)"
        )
        first = apply.replace_differing_rows(connection, SHARED_IDENTIFIER, 1)
        again = apply.replace_differing_rows(connection, SHARED_IDENTIFIER, 1)

    assert (first.deleted, first.inserted) == (0, 300_000)
    assert (again.deleted, again.inserted) == (0, 0)


@pytest.mark.full
def test_a_rebuild_in_many_chunks_equals_one_in_a_single_chunk(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = (("c:1", "e:a@x.vn"), ("c:2",), ("e:a@x.vn", "p:+84900000001"), ())
    loader.load(
        ACTIVITY,
        40,
        [
            make_record(ACTIVITY, f"{on}-{number}", on=on, identifiers=names, product_sku=f"S{number % 2}")
            for on in (1, 2, 40)
            for number, names in enumerate(people)
        ],
    )
    monkeypatch.setattr(input_views, "MAX_CHUNK_ROWS", 2)

    rebuild_marts(loader.warehouse, loader.settings)

    with loader.warehouse.reading() as connection:
        passed = {
            mart.name: check_matches_full_rebuild(connection, mart, loader.settings).passed for mart in MARTS
        }
    assert passed == dict.fromkeys(passed, True)
    assert loader.rows("SELECT count(*) AS n FROM marts.customer_product_daily") == [{"n": 9}]
