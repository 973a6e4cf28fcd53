"""Connections to the published snapshot that read its folder and nothing else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from cdp_etl.cli.statement_check import QueryError
from cdp_etl.errors import CdpEtlError
from cdp_etl.marts.errors import SnapshotFileDamagedError
from cdp_etl.marts.snapshot.names import DATABASE

BATCH_ROWS = 20_000


class NoSnapshotError(CdpEtlError):
    """Nothing was published yet, or this user is not permitted to read it."""


def snapshot_database(published: Path) -> Path:
    """Return the file of the snapshot.

    Raises:
        NoSnapshotError: If there is none that this user can read.
    """
    snapshot = published / DATABASE
    if not os.access(snapshot, os.R_OK):
        raise NoSnapshotError(
            f"There is no snapshot at {snapshot} that this user can read; `cdp-etl run` publishes one, and"
            " CDP_ETL_READERS_GROUP names the group that reads it."
        )
    return snapshot


@contextmanager
def reading_snapshot(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the file of the snapshot, as `reading`.

    Raises:
        SnapshotFileDamagedError: If the file is damaged.
    """
    with naming_damage(database), reading(database) as connection:
        yield connection


@contextmanager
def naming_damage(database: Path) -> Iterator[None]:
    """Raise DuckDB's errors of a damaged file as SnapshotFileDamagedError."""
    try:
        yield
    except duckdb.Error as error:
        fact = damage_of(error)
        if fact is None:
            raise
        raise SnapshotFileDamagedError(database, fact) from None


@contextmanager
def reading(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a file that can read the file's folder and no other file, and load no extension.

    Results that do not fit into memory are spilled to a folder of their own, which only this user can read.
    """
    with (
        TemporaryDirectory(prefix="cdp-etl-sql-") as spill,
        duckdb.connect(
            database,
            read_only=True,
            config={"python_enable_replacements": "false", "temp_directory": spill},
        ) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_directories = ?", [[f"{database.parent}/"]])
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def damage_of(error: Exception) -> str | None:
    """Return what DuckDB says of a damaged file; None if the error is about something else."""
    from cdp_etl.warehouse.duckdb_facts import damage_fact  # noqa: PLC0415 - a warehouse imports polars

    return damage_fact(error)


def batches(relation: duckdb.DuckDBPyRelation) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the columns of a query, and its rows."""
    reader = relation.to_arrow_reader(BATCH_ROWS)
    return reader.schema, _checked(reader)


def _checked(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches. Arrow raises any error that DuckDB has while it produces rows as OSError."""
    try:
        yield from reader
    except OSError as error:
        if damage_of(error) is not None:
            raise duckdb.IOException(str(error)) from None
        raise QueryError(str(error).strip()) from None
