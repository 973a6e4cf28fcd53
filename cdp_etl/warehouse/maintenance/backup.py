"""Backup of the warehouse file, and its restore."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.durable_files import copy_to_part, part_of, replace_file, sync_folder
from cdp_etl.warehouse.connection import RESTORING, Warehouse, log_path
from cdp_etl.warehouse.duckdb_facts import damage_fact
from cdp_etl.warehouse.errors import (
    BackupDamagedError,
    NotABackupError,
    WarehouseExistsError,
)
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


@dataclass(frozen=True, slots=True)
class Restored(Backup):
    """The restored warehouse.

    Attributes:
        moved_aside: New name of the former file if it was damaged; None if it was replaced or missing.
    """

    moved_aside: Path | None


def backup(warehouse: Warehouse, target: Path) -> Backup:
    """Copy the warehouse to a file. The copy gets its name after it was synced and read back completely.

    Raises:
        WarehouseMissingError: If the warehouse does not exist.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
        DiskFullError: If the disk of the target has no space for the copy.
        BackupDamagedError: If the copy cannot be read back; it is deleted.
    """
    part = part_of(target)
    with warehouse.closed():
        copy_to_part(warehouse.path, part)
    try:
        load_seq = _read_completely(warehouse, part)
        replace_file(part, target)
    except NotABackupError as error:
        raise BackupDamagedError(target, error.fact) from None
    finally:
        part.unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, load_seq)


def restore(warehouse: Warehouse, source: Path, *, replace_existing: bool) -> Restored:
    """Replace the warehouse by a backup. Loads after the backup must be repeated.

    The backup is copied next to the warehouse, synced and read completely. Until then nothing is changed. Then the
    log of the existing warehouse is written into its file, so that one rename replaces both. An existing warehouse
    that cannot be opened is not deleted but moved aside, together with its log.

    Args:
        warehouse: The warehouse to replace or create.
        source: A file written by `backup`.
        replace_existing: Whether an existing warehouse may be replaced.

    Raises:
        NotABackupError: If the file is not a warehouse that this version can use. Nothing was changed.
        WarehouseExistsError: If a warehouse exists and may not be replaced.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
        DiskFullError: If the disk of the warehouse has no space for the copy.
    """
    if not source.is_file():
        raise NotABackupError(source, "the file does not exist")
    with warehouse.locked():
        if warehouse.path.exists() and not replace_existing:
            raise WarehouseExistsError(warehouse.path)
        copy = warehouse.path.with_name(warehouse.path.name + RESTORING)
        copy_to_part(source, copy)
        try:
            load_seq = _read_completely(warehouse, copy, named=source)
            # DuckDB must never replay the log of the former file into the restored one.
            moved_aside = None if warehouse.write_log_into_file() else _move_aside(warehouse.path)
            replace_file(copy, warehouse.path)
        finally:
            copy.unlink(missing_ok=True)
    return Restored(warehouse.path, warehouse.path.stat().st_size, load_seq, moved_aside)


def _read_completely(warehouse: Warehouse, path: Path, named: Path | None = None) -> int:
    """Read every row of a copy, so that DuckDB verifies the checksum of every block; return its newest `load_seq`.

    Raises:
        NotABackupError: If it is not a warehouse, or damaged. The message has the path `named` if there is one.
    """
    named = named or path
    try:
        with closing(duckdb.connect(path, read_only=True, config=warehouse.limits())) as connection:
            if not migrations.schema_version(connection, path):
                raise NotABackupError(named, "it is a DuckDB file, but not a warehouse")
            for schema, table in connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary"
            ).fetchall():
                connection.execute(f"SELECT bit_xor(hash(t)) FROM {quoted(schema)}.{quoted(table)} AS t")
            load_seq: int = single_value(connection, "SELECT coalesce(max(load_seq), 0) FROM ops.load")
            return load_seq
    except duckdb.Error as error:
        if damage_fact(error) is None and not isinstance(error, duckdb.IOException):
            raise
        raise NotABackupError(named, f"it is not a DuckDB file, or it is damaged ({damage_fact(error)})") from None


def _move_aside(path: Path) -> Path | None:
    """Rename a damaged file and its log, the log first; return the new name, or None if there is no file."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    for file, new in ((log_path(path), log_path(aside)), (path, aside)):
        if file.exists():
            file.rename(new)
    sync_folder(path.parent)
    return aside if aside.exists() else None
