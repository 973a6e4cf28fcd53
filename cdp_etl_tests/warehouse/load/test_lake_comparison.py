"""After a load the stored rows are compared with the lake; a difference undoes the load."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.warehouse import LoadFailedError, StagingDiffersError, Warehouse, check_full
from cdp_etl.warehouse.load import lake_comparison, load
from cdp_etl_tests.warehouse.dumps import COMMENT, NOON, Dump
from cdp_etl_tests.warehouse.loading import comment, load_records, rows, write_lake
from cdp_etl_tests.warehouse.loading import load as load_of

TABLES = (
    "staging.customer_product_comment",
    "staging.quarantine",
    "staging.superseded",
    "ops.change_feed",
    "ops.dump_file",
    "ops.rejection_count",
)
COMMENTS = "staging.customer_product_comment"
Plant = Callable[[str], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Return a function that makes each further load store wrong values, by a statement after all of its steps."""

    def plant_by(statement: str) -> None:
        replace = load._replace

        def replace_wrongly(connection: duckdb.DuckDBPyConnection, *arguments: Any) -> load.LoadResult:
            result = replace(connection, *arguments)
            connection.execute(statement)
            return result

        monkeypatch.setattr(load, "_replace", replace_wrongly)

    return plant_by


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables that a load writes, except the ledger."""
    return {table: rows(warehouse, f"FROM {table}") for table in TABLES}


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        pytest.param(
            f"UPDATE {COMMENTS} SET occurred_at = TIMESTAMPTZ '1650-01-01' WHERE comment_id = '2'",
            "with other values, extremes of occurred_at",
            id="a garbage timestamp",
        ),
        pytest.param(
            f"UPDATE {COMMENTS} SET content = 'other' WHERE comment_id = '2' AND dump_date = DATE '2026-01-02'",
            "with other values",
            id="a text",
        ),
        pytest.param(
            f"UPDATE {COMMENTS} SET content = CASE content WHEN 'a' THEN 'b' ELSE 'a' END"
            " WHERE comment_id IN ('2', '3') AND dump_date = DATE '2026-01-02'",
            "with other values",
            id="the texts of two rows exchanged",
        ),
        pytest.param(
            f"DELETE FROM {COMMENTS} WHERE comment_id = '2' AND dump_date = DATE '2026-01-02'",
            "has 1 rows, the lake 2, with other rows, values",
            id="a lost row",
        ),
        pytest.param("UPDATE staging.quarantine SET raw = 'x'", "staging.quarantine has 1 rows", id="bytes"),
        pytest.param("DELETE FROM staging.superseded", "staging.superseded has 0 rows", id="a superseded record"),
    ],
)
def test_a_wrong_value_fails_the_load_and_all_rows_are_as_before(
    warehouse: Warehouse, plant: Plant, statement: str, fact: str
) -> None:
    load_records(warehouse, 1, [comment("1"), comment("2")], quarantined=1)
    load_records(warehouse, 2, [comment("2", content="first"), comment("4")], superseded=1)
    before = contents(warehouse)
    plant(statement)

    with pytest.raises(StagingDiffersError, match=fact) as caught:
        load_records(
            warehouse, 2, [comment("2", content="a"), comment("3", content="b")], quarantined=1, superseded=1
        )

    assert contents(warehouse) == before
    ledger = rows(warehouse, "SELECT load_seq, status, reason FROM ops.load")
    assert [(load_seq, status) for load_seq, status, _ in ledger] == [(1, "loaded"), (2, "loaded"), (3, "failed")]
    assert ledger[-1][2] == str(caught.value)


def test_the_next_load_of_the_dump_succeeds(
    warehouse: Warehouse, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_records(warehouse, 1, [comment("1", content="first")])
    with monkeypatch.context():
        plant(f"UPDATE {COMMENTS} SET content = 'wrong'")
        with pytest.raises(StagingDiffersError):
            load_records(warehouse, 1, [comment("1", content="second")])
    monkeypatch.undo()

    load_records(warehouse, 1, [comment("1", content="second")])

    assert rows(warehouse, f"SELECT content, is_current FROM {COMMENTS}") == [("second", True)]


def test_an_error_while_reading_the_stored_rows_undoes_the_load(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_records(warehouse, 1, [comment("1")])

    def corrupted(*_arguments: object) -> list[str]:
        raise duckdb.InternalException("Corrupted uncompressed string segment of Nguyen")

    monkeypatch.setattr(lake_comparison, "differences", corrupted)
    with pytest.raises(LoadFailedError) as caught:
        load_records(warehouse, 1, [comment("2")])

    assert rows(warehouse, f"SELECT comment_id FROM {COMMENTS}") == [("1",)]
    assert "Nguyen" not in str(caught.value)


def test_values_of_every_type_are_equal_in_staging_and_lake(warehouse: Warehouse) -> None:
    odd = comment(
        "1",
        content="Ω\N{ZERO WIDTH SPACE}",
        commented_at=NOON - timedelta(microseconds=1),
        product_price=-0.0,
        custom_fields='{"customFieldTexts": {"a": null}}',
        ignored_update_cfs=[],
        identifiers=["c:1", "e:a@example.com"],
        timezone_gmt=None,
    )

    assert load_records(warehouse, 1, [odd], quarantined=2, superseded=2).status == "loaded"


def test_a_verified_load_is_in_the_file_and_no_longer_in_its_log(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])

    assert [path.name for path in warehouse.path.parent.glob("cdp.duckdb.*")] == ["cdp.duckdb.lock"]


def test_the_full_check_names_dumps_whose_values_differ_from_the_lake(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    dumps = {day: write_lake(tmp_path, day, [comment("1"), comment("2")]) for day in (1, 2, 3)}
    for dump in dumps.values():
        load_of(warehouse, dump)
    with warehouse.writing() as connection:
        connection.execute(f"UPDATE {COMMENTS} SET content = 'wrong' WHERE dump_date = DATE '2026-01-02'")

    def find(_entity: object, dump_date: Any, _fingerprint: str) -> Dump | None:
        return dumps[dump_date.day] if dump_date.day < 3 else None

    (found,) = [one for one in check_full(warehouse, find) if not one.passed]

    assert (found.check, found.entity, found.violations) == ("equals_lake", COMMENT.table, 1)
    assert found.sentence == (
        "1 tables of dumps differ from the lake: 2026-01-02: staging.customer_product_comment has 2 rows, the lake"
        " 2, with other values. 2 dumps were compared, 1 are not in the lake."
    )
