"""Compaction frees the space of replaced rows; without compaction the file does not grow without limit."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cdp_etl.warehouse import CopyNotEqualError, Warehouse, WarehouseMissingError, compact
from cdp_etl.warehouse.maintenance.compaction import row_counts
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load, load_records, rows, write_lake

TABLES = "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE database_name = 'cdp'"
COLUMNS = (
    "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
)
EVERYTHING = (
    TABLES,
    COLUMNS,
    "FROM staging.customer_product_comment",
    "FROM staging.customer_product_comment_current",
    "FROM staging.quarantine",
    "FROM ops.load",
)


def many(title: str, count: int = 2000) -> list[dict[str, object]]:
    """Return comments that differ, so that they do not compress to nothing."""
    return [comment(str(number), title=f"{title} {number * 7919}") for number in range(count)]


def apply_feed(warehouse: Warehouse) -> None:
    """Delete the change feed, as the marts do when all of them have applied it."""
    with warehouse.writing() as connection:
        connection.execute("DELETE FROM ops.change_feed")


@pytest.mark.full
def test_compacting_keeps_everything_and_makes_the_file_smaller(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, many("old"), quarantined=3)
    load_records(warehouse, 2, many("gone", 10_000))
    load_records(warehouse, 2, [])
    before = [rows(warehouse, query) for query in EVERYTHING]

    compaction = compact(warehouse)

    assert [rows(warehouse, query) for query in EVERYTHING] == before
    assert compaction.bytes_after == warehouse.path.stat().st_size < compaction.bytes_before
    assert load_records(warehouse, 3, many("later")).status == "loaded"


@pytest.mark.full
def test_thirty_reloads_leave_the_file_at_most_half_as_large_again(warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        load_records(warehouse, number, many(f"day {number}"))
    apply_feed(warehouse)
    first = warehouse.path.stat().st_size
    versions = [write_lake(warehouse.path.parent, 2, many(f"version {version}")) for version in (1, 2)]

    for reload in range(30):
        load(warehouse, versions[reload % 2])
        apply_feed(warehouse)

    assert warehouse.path.stat().st_size <= 1.5 * first


def test_a_file_left_by_a_killed_compaction_is_replaced(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, many("old"))
    warehouse.path.with_name("cdp.duckdb.compacting").write_bytes(b"half a file")

    compact(warehouse)

    assert len(rows(warehouse, "FROM staging.customer_product_comment")) == 2000
    assert not warehouse.path.with_name("cdp.duckdb.compacting").exists()


def test_the_log_of_a_killed_process_is_checkpointed_first(warehouse: Warehouse) -> None:
    """A log that outlives the replacement of the file would be replayed into the new file."""
    program = """
import os, sys, duckdb
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute("INSERT INTO ops.metadata VALUES ('in the log', '1')")
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(warehouse.path)], check=False)
    log = warehouse.path.with_name("cdp.duckdb.wal")
    assert log.exists()

    compact(warehouse)

    assert not log.exists()
    assert rows(warehouse, "SELECT name FROM ops.metadata WHERE name = 'in the log'") == [("in the log",)]


def test_a_copy_with_other_rows_is_not_used(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    load_records(warehouse, 1, many("old", 10))

    def one_row_less_in_the_copy(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
        counts = row_counts(connection, database)
        lost = {"staging.customer_product_comment": 9} if database == "copy" else {}
        return counts | lost

    monkeypatch.setattr("cdp_etl.warehouse.maintenance.compaction.row_counts", one_row_less_in_the_copy)
    with pytest.raises(
        CopyNotEqualError, match="customer_product_comment has 9 rows in the copy and 10 in the warehouse"
    ):
        compact(warehouse)

    assert len(rows(warehouse, "FROM staging.customer_product_comment")) == 10
    assert not warehouse.path.with_name("cdp.duckdb.compacting").exists()


def test_compacting_a_missing_warehouse_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissingError):
        compact(at(tmp_path / "cdp.duckdb"))
