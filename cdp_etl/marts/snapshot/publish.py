"""Publish: the snapshot that readers open, views over Parquet files in a folder of their own.

The folder of a version never changes once it has its name. `cdp.duckdb` is replaced by one atomic rename, so a
reader sees the old version or the new one. A reader that has the old version open can go on reading it, because
replaced versions are kept for a grace period.
"""

import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import literal
from cdp_etl.durable_files import sync_file, sync_folder
from cdp_etl.marts.engine import state, tombstones
from cdp_etl.marts.refresh import refresh
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot import pseudonymize
from cdp_etl.marts.snapshot.delta_files import READ_ONLY, FileWriter, month_contents
from cdp_etl.marts.snapshot.manifest import MANIFEST, Snapshot, read_snapshot
from cdp_etl.marts.snapshot.views import view_statements
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.sql import transaction

PUBLISHED = tuple(mart for mart in MARTS if mart.is_published)
DATABASE = "cdp.duckdb"
VERSIONS = "snapshots"
_STORAGE_VERSION = "v1.5.0"
"""Oldest DuckDB version that can open the snapshot; analysts use tools of their own."""


def publish(  # noqa: PLR0913 - the keyword arguments are options with defaults
    warehouse: Warehouse,
    published: Path,
    settings: MartSettings,
    *,
    with_personal_data: bool = False,
    grace: timedelta = timedelta(days=1),
    min_rows_for_delta: int = 100_000,
) -> Snapshot:
    """Refresh the marts and publish them, all as of one load; unchanged files are linked.

    If a check fails, nothing is published and the previous version stays. Files of the previous version are linked
    only if this warehouse published it last. A restored warehouse writes all files, and so does a warehouse that
    is published to several folders in turn.

    Args:
        warehouse: Warehouse of the marts.
        published: Folder of `cdp.duckdb` and the versions; created if it is missing.
        settings: Values that the marts' SQL reads.
        with_personal_data: Whether names, phones, e-mails, addresses and IPs are published. Without them,
            identifiers that contain an e-mail address or a phone are pseudonyms.
        grace: Time for which a replaced version is kept.
        min_rows_for_delta: A changed month of fewer rows is written in full; others get delta files.

    Returns:
        The current version; the previous one if nothing has changed.

    Raises:
        MartCheckError: If a check of a mart fails.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    published = published.resolve()
    with warehouse.writing() as connection:
        as_of = min(refresh(connection, mart, settings).load_seq for mart in MARTS)
        pseudonymize.set_secret_variable(connection)
        snapshot = _published_by_this_warehouse(connection, latest_snapshot(published))
        if snapshot is None or not _is_unchanged(
            connection, snapshot, as_of, with_personal_data=with_personal_data
        ):
            snapshot = _write_version(
                connection,
                published,
                snapshot,
                as_of,
                with_personal_data=with_personal_data,
                min_rows_for_delta=min_rows_for_delta,
            )
        replace_database(published, snapshot)
        with transaction(connection):
            state.write_published(connection, snapshot.version)
            tombstones.clear(connection, MARTS)
        _remove_old_versions(published, grace)
    return snapshot


def latest_snapshot(published: Path) -> Snapshot | None:
    """Return the newest complete version, or None if there is none."""
    versions = _versions(published.resolve())
    return read_snapshot(versions[-1]) if versions else None


def _published_by_this_warehouse(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot | None
) -> Snapshot | None:
    """Return the version if this warehouse published it last, because the tombstones are relative to it."""
    is_own = snapshot is not None and snapshot.version == state.published_version(connection)
    return snapshot if is_own else None


def _is_unchanged(
    connection: duckdb.DuckDBPyConnection, previous: Snapshot, as_of: int, *, with_personal_data: bool
) -> bool:
    contents = {
        mart.name: month_contents(connection, mart, with_personal_data=with_personal_data) for mart in PUBLISHED
    }
    published = {
        mart: {month: (files.kind, files.load_seq) for month, files in months.items()}
        for mart, months in previous.marts.items()
    }
    return previous.as_of == as_of and previous.has_personal_data == with_personal_data and contents == published


def _write_version(  # noqa: PLR0913 - as `publish`
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    previous: Snapshot | None,
    as_of: int,
    *,
    with_personal_data: bool,
    min_rows_for_delta: int,
) -> Snapshot:
    now = datetime.now(UTC)
    version = f"{now:%Y%m%dT%H%M%S.%f}Z-{as_of}"
    folder = published / VERSIONS / version
    part = folder.with_name(f".{version}.part")
    part.mkdir(parents=True)
    writer = FileWriter(connection, part, as_of, previous, with_personal_data, min_rows_for_delta)
    marts = {mart.name: writer.write_mart(mart) for mart in PUBLISHED}
    snapshot = Snapshot(as_of, version, now, with_personal_data, folder, marts)
    snapshot.write(part)
    sync_file(part / MANIFEST)
    sync_folder(part)
    part.rename(folder)
    sync_folder(folder.parent)
    return snapshot


def replace_database(published: Path, snapshot: Snapshot) -> None:
    """Write the database of views under another name, and rename it to its name."""
    database = published / DATABASE
    part = published / f".{DATABASE}.part"
    part.unlink(missing_ok=True)
    with closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(part))} AS part (STORAGE_VERSION '{_STORAGE_VERSION}')")
        connection.execute("USE part")
        connection.execute("CREATE SCHEMA marts")
        connection.execute(
            "CREATE TABLE snapshot AS SELECT ?::BIGINT AS as_of, ? AS version, ?::TIMESTAMPTZ AS published_at,"
            " ?::BOOLEAN AS has_personal_data",
            [snapshot.as_of, snapshot.version, snapshot.published_at, snapshot.has_personal_data],
        )
        connection.execute(
            "COMMENT ON TABLE snapshot IS 'One row; as_of is the newest load that every mart has applied.'"
        )
        for mart in PUBLISHED:
            for statement in view_statements(snapshot, mart):
                connection.execute(statement)
        connection.execute("USE memory")
        connection.execute("DETACH part")
    sync_file(part)
    part.chmod(READ_ONLY)
    part.replace(database)
    sync_folder(published)


def _remove_old_versions(published: Path, grace: timedelta) -> None:
    """Remove versions that were replaced longer ago than the grace period, and parts of interrupted publishes."""
    for part in (published / VERSIONS).glob(".*.part"):
        shutil.rmtree(part)
    versions = _versions(published)
    now = datetime.now(UTC)
    for version, successor in pairwise(versions):
        if now - read_snapshot(successor).published_at > grace:
            shutil.rmtree(version)


def _versions(published: Path) -> Sequence[Path]:
    return sorted(
        folder
        for folder in (published / VERSIONS).glob("*")
        if not folder.name.startswith(".") and folder.is_dir()
    )
