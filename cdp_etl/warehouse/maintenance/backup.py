"""A whole copy of the warehouse, and the way back from one."""

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
        load_seq: The newest row of the ledger in it; 0 where there is none.
    """

    path: Path
    bytes: int
    load_seq: int


def backup(warehouse: Warehouse, target: Path) -> Backup:
    """Copy the warehouse to a file, which is opened and read before it counts.

    Raises:
        WarehouseMissingError: where there is none.
        WarehouseLockedError: where it was not to be had in time.
    """
    with warehouse.closed():
        copy_file(warehouse.path, target)
    return _inspected(target)


def restore(warehouse: Warehouse, source: Path, *, replace_existing: bool) -> Backup:
    """Put a backup in the place of the warehouse. Loads since then are to be done again.

    Args:
        warehouse: Where to.
        source: A file that `backup` made.
        replace_existing: Whether a warehouse that is there is given up.

    Raises:
        NotABackupError: where the file is no warehouse that this version can use; nothing was changed.
        WarehouseExistsError: where there is a warehouse that is not to be replaced.
        WarehouseLockedError: where it was not to be had in time.
    """
    restored = _inspected(source)
    with warehouse.locked():
        if warehouse.path.exists() and not replace_existing:
            raise WarehouseExistsError(warehouse.path)
        # Before the swap: the log of the former file must never be read into the restored one.
        warehouse.path.with_name(warehouse.path.name + ".wal").unlink(missing_ok=True)
        copy_file(source, warehouse.path)
    return Backup(warehouse.path, warehouse.path.stat().st_size, restored.load_seq)


def _inspected(path: Path) -> Backup:
    if not path.is_file():
        raise NotABackupError(path, "there is no such file")
    try:
        with closing(duckdb.connect(path, read_only=True)) as connection:
            if not migrations.schema_version(connection, path):
                raise NotABackupError(path, "it is a DuckDB file of something else")
            load_seq = single_value(connection, "SELECT coalesce(max(load_seq), 0) FROM ops.load")
    except (duckdb.IOException, duckdb.SerializationException):
        raise NotABackupError(path, "it is no DuckDB file, or is damaged") from None
    return Backup(path, path.stat().st_size, load_seq)
