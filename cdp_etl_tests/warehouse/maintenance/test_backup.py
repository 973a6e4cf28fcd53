"""Backup and restore of the whole warehouse."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cdp_etl.warehouse import (
    NotABackupError,
    Warehouse,
    WarehouseExistsError,
    WarehouseMissingError,
    WarehouseNewerError,
    backup,
    restore,
)
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

TITLES = "SELECT comment_id, title FROM staging.customer_product_comment_current"


def test_restoring_brings_back_what_was_backed_up(warehouse: Warehouse, tmp_path: Path) -> None:
    load_records(warehouse, 1, [comment("1", title="kept")])
    saved = backup(warehouse, tmp_path / "backups" / "monday.duckdb")
    load_records(warehouse, 1, [comment("1", title="spoilt")])

    restored = restore(warehouse, saved.path, replace_existing=True)

    assert rows(warehouse, TITLES) == [("1", "kept")]
    assert (restored.load_seq, restored.bytes) == (saved.load_seq, saved.bytes) == (1, saved.path.stat().st_size)
    assert load_records(warehouse, 2, [comment("2")]).load_seq == 2


def test_a_backup_is_restored_if_there_is_no_warehouse(warehouse: Warehouse, tmp_path: Path) -> None:
    load_records(warehouse, 1, [comment("1", title="kept")])
    saved = backup(warehouse, tmp_path / "monday.duckdb")
    elsewhere = at(tmp_path / "elsewhere" / "cdp.duckdb")

    restore(elsewhere, saved.path, replace_existing=False)

    assert rows(elsewhere, TITLES) == [("1", "kept")]


def test_a_warehouse_is_replaced_only_on_request(warehouse: Warehouse, tmp_path: Path) -> None:
    saved = backup(warehouse, tmp_path / "monday.duckdb")
    load_records(warehouse, 1, [comment("1", title="newer")])

    with pytest.raises(WarehouseExistsError):
        restore(warehouse, saved.path, replace_existing=False)

    assert rows(warehouse, TITLES) == [("1", "newer")]


def test_the_log_of_the_former_file_is_not_replayed_into_the_restored_one(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    saved = backup(warehouse, tmp_path / "monday.duckdb")
    wal = warehouse.path.with_name("cdp.duckdb.wal")
    wal.write_bytes(b"log of another file")

    restore(warehouse, saved.path, replace_existing=True)

    assert not wal.exists()


def make_other_file(path: Path) -> None:
    """Create a DuckDB file that is not a warehouse."""
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE something (a INTEGER)")


@pytest.mark.parametrize(
    ("make", "fact"),
    [
        pytest.param(lambda _: None, "the file does not exist", id="missing"),
        pytest.param(
            lambda path: path.write_bytes(b"no database" * 1000), "it is not a DuckDB file", id="garbage"
        ),
        pytest.param(make_other_file, "it is a DuckDB file, but not a warehouse", id="other"),
    ],
)
def test_a_file_that_is_not_a_warehouse_is_not_restored(
    warehouse: Warehouse, tmp_path: Path, make: Callable[[Path], object], fact: str
) -> None:
    load_records(warehouse, 1, [comment("1", title="kept")])
    make(tmp_path / "source.duckdb")

    with pytest.raises(NotABackupError, match=fact):
        restore(warehouse, tmp_path / "source.duckdb", replace_existing=True)

    assert rows(warehouse, TITLES) == [("1", "kept")]


def test_a_backup_of_a_newer_version_is_not_restored(warehouse: Warehouse, tmp_path: Path) -> None:
    saved = backup(warehouse, tmp_path / "monday.duckdb")
    with duckdb.connect(saved.path) as connection:
        connection.execute("INSERT INTO ops.schema_version VALUES (99, now())")

    with pytest.raises(WarehouseNewerError):
        restore(warehouse, saved.path, replace_existing=True)


def test_backing_up_a_missing_warehouse_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissingError):
        backup(at(tmp_path / "cdp.duckdb"), tmp_path / "monday.duckdb")
