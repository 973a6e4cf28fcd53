"""Compaction: a rewrite of the warehouse file without the free space of replaced rows.

DuckDB reuses free space, so the file does not grow without limit, but DuckDB never shrinks it. Free space still
has the bytes of deleted rows: a compaction is also what removes a deleted secret.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.durable_files import replace_file
from cdp_etl.warehouse.connection import COMPACTING, Warehouse
from cdp_etl.warehouse.errors import CopyNotEqualError
from cdp_etl.warehouse.file_errors import database_errors
from cdp_etl.warehouse.sql import single_value

_MIN_FREE_BYTES = 1024**3
"""Disk space that must stay free during a compaction that nobody asked for."""

_DELETED_SECRET = "contains_deleted_secret"  # noqa: S105 - the name of the mark
"""Name in `ops.metadata` of the mark that migration 7 sets."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """Size of the file before and after, in bytes."""

    bytes_before: int
    bytes_after: int


def compact(warehouse: Warehouse) -> Compaction:
    """Copy the warehouse to a new file and rename that over the old one. Needs disk space for both files.

    Raises:
        WarehouseMissingError: If the warehouse does not exist.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
        CopyNotEqualError: If a table of the new file has another number of rows. The old file stays.
    """
    copy = warehouse.path.with_name(warehouse.path.name + COMPACTING)
    with warehouse.closed():
        before = warehouse.path.stat().st_size
        try:
            with database_errors(copy):
                _copy_and_compare(warehouse, copy)
            replace_file(copy, warehouse.path)
        finally:
            copy.unlink(missing_ok=True)
        return Compaction(before, warehouse.path.stat().st_size)


def has_deleted_secret(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the free space of the file contains a deleted secret."""
    return bool(single_value(connection, "SELECT count(*) FROM ops.metadata WHERE name = ?", [_DELETED_SECRET]))


def remove_deleted_secret(warehouse: Warehouse) -> bool:
    """Compact the warehouse, if the disk has space for the second file; `cdp-etl doctor` names what is left to do.

    Returns:
        Whether the file was compacted.

    Raises:
        WarehouseLockedError, CopyNotEqualError: See `compact`.
    """
    if shutil.disk_usage(warehouse.path.parent).free < warehouse.path.stat().st_size + _MIN_FREE_BYTES:
        return False
    compact(warehouse)
    return True


def row_counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Return the number of rows of every table of an attached database."""
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [database]
    ).fetchall()
    return {
        f"{schema}.{table}": single_value(
            connection, f"SELECT count(*) FROM {database}.{quoted(schema)}.{quoted(table)}"
        )
        for schema, table in tables
    }


def _copy_and_compare(warehouse: Warehouse, copy: Path) -> None:
    with duckdb.connect(config=warehouse.limits()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(warehouse.path))} AS warehouse (READ_ONLY)")
        connection.execute(f"ATTACH {literal(str(copy))} AS copy")
        connection.execute("COPY FROM DATABASE warehouse TO copy")
        _compare(connection, copy)
        connection.execute("DELETE FROM copy.ops.metadata WHERE name = ?", [_DELETED_SECRET])
        connection.execute("DETACH copy")


def _compare(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    expected, found = row_counts(connection, "warehouse"), row_counts(connection, "copy")
    for table in sorted(expected.keys() | found.keys()):
        if expected.get(table) != found.get(table):
            fact = f"{table} has {found.get(table)} rows in the copy and {expected.get(table)} in the warehouse"
            raise CopyNotEqualError(copy, fact)
