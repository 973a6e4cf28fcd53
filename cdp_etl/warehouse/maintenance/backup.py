"""Backup of the warehouse file, and its restore."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_etl.durable_files import copy_file
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import NotABackupError, WarehouseExistsError
from cdp_etl.warehouse.schema import migrations
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the warehouse.

    Attributes:
        path: The file.
        bytes: Its size.
        load_seq: The newest row of its ledger; 0 if the ledger is empty.
    """

    path: Path
    bytes: int
    load_seq: int


def backup(warehouse: Warehouse, target: Path) -> Backup:
    """Copy the warehouse to a file, and verify that the copy can be opened and read.

    Raises:
        WarehouseMissingError: If the warehouse does not exist.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.closed():
        copy_file(warehouse.path, target)
    return _inspect(target)


def restore(warehouse: Warehouse, source: Path, *, replace_existing: bool) -> Backup:
    """Replace the warehouse by a backup. Loads after the backup must be repeated.

    Args:
        warehouse: The warehouse to replace or create.
        source: A file written by `backup`.
        replace_existing: Whether an existing warehouse may be replaced.

    Raises:
        NotABackupError: If the file is not a warehouse that this version can use. Nothing was changed.
        WarehouseExistsError: If a warehouse exists and may not be replaced.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    restored = _inspect(source)
    with warehouse.locked():
        if warehouse.path.exists() and not replace_existing:
            raise WarehouseExistsError(warehouse.path)
        # Before the copy: DuckDB must never replay the log of the former file into the restored one.
        warehouse.path.with_name(warehouse.path.name + ".wal").unlink(missing_ok=True)
        copy_file(source, warehouse.path)
    return Backup(warehouse.path, warehouse.path.stat().st_size, restored.load_seq)


def _inspect(path: Path) -> Backup:
    if not path.is_file():
        raise NotABackupError(path, "the file does not exist")
    try:
        with closing(duckdb.connect(path, read_only=True)) as connection:
            if not migrations.schema_version(connection, path):
                raise NotABackupError(path, "it is a DuckDB file, but not a warehouse")
            load_seq = single_value(connection, "SELECT coalesce(max(load_seq), 0) FROM ops.load")
    except (duckdb.IOException, duckdb.SerializationException):
        raise NotABackupError(path, "it is not a DuckDB file, or it is damaged") from None
    return Backup(path, path.stat().st_size, load_seq)
