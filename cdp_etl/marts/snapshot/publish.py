"""The snapshot that readers open: views over Parquet in a folder of its own, swapped in by one rename.

A version's folder is never changed once it has its name. `cdp.duckdb` is replaced whole, so a reader sees the old
version or the new one; one that has the old open goes on reading it, since versions are kept for a grace.
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
"""Read by DuckDB 1.5 and later: analysts open the snapshot with tools of their own."""


def publish(  # noqa: PLR0913 - the keyword arguments are how it is published
    warehouse: Warehouse,
    published: Path,
    settings: MartSettings,
    *,
    with_personal_data: bool = False,
    grace: timedelta = timedelta(days=1),
    min_rows_for_delta: int = 100_000,
) -> Snapshot:
    """Publish the marts, brought up to date first: all as of one load, all with their checks held.

    What has not changed is linked, not written. Where a check does not hold nothing is published, and the version
    before stays. Files are shared with the version before only if this warehouse published that one last: beside a
    warehouse that was restored, or one that is published to several folders in turn, all is written.

    Args:
        warehouse: Whose marts.
        published: The folder of `cdp.duckdb` and the versions; made where it is missing.
        settings: What the marts' SQL reads.
        with_personal_data: Whether names, phones, e-mails, addresses and IPs are published; without them
            identifiers that hold an e-mail address or a phone are pseudonyms.
        grace: How long a version is kept after the next one has taken its place.
        rewritten_below: A changed month of a mart that has fewer rows is written anew; others get files of what
            changed.

    Returns:
        The version that is in place; the one before where nothing has changed since.

    Raises:
        MartCheckError: where a mart could not be brought up to date, since a check of it does not hold.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    published = published.resolve()
    with warehouse.writing() as connection:
        as_of = min(refresh(connection, mart, settings).load_seq for mart in MARTS)
        pseudonymize.use_secret(connection)
        snapshot = _own(connection, latest_snapshot(published))
        if snapshot is None or not _is_still_so(
            connection, snapshot, as_of, with_personal_data=with_personal_data
        ):
            snapshot = _make(
                connection,
                published,
                snapshot,
                as_of,
                with_personal_data=with_personal_data,
                min_rows_for_delta=min_rows_for_delta,
            )
        _swap_in(published, snapshot)
        with transaction(connection):
            state.write_published(connection, snapshot.version)
            tombstones.clear(connection)
        _remove_old(published, grace)
    return snapshot


def latest_snapshot(published: Path) -> Snapshot | None:
    """Give the newest version whose files are whole; None where there is none."""
    versions = _versions(published.resolve())
    return read_snapshot(versions[-1]) if versions else None


def _own(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot | None) -> Snapshot | None:
    """Give the version if this warehouse published it last: what left since is known of that one alone."""
    is_own = snapshot is not None and snapshot.version == state.published_version(connection)
    return snapshot if is_own else None


def _is_still_so(
    connection: duckdb.DuckDBPyConnection, before: Snapshot, as_of: int, *, with_personal_data: bool
) -> bool:
    contents = {
        mart.name: month_contents(connection, mart, with_personal_data=with_personal_data) for mart in PUBLISHED
    }
    published = {
        mart: {month: (files.kind, files.load_seq) for month, files in months.items()}
        for mart, months in before.marts.items()
    }
    return before.as_of == as_of and before.has_personal_data == with_personal_data and contents == published


def _make(  # noqa: PLR0913 - as of `publish`
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    before: Snapshot | None,
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
    writer = FileWriter(connection, part, as_of, before, with_personal_data, min_rows_for_delta)
    marts = {mart.name: writer.write_mart(mart) for mart in PUBLISHED}
    snapshot = Snapshot(as_of, version, now, with_personal_data, folder, marts)
    snapshot.write(part)
    sync_file(part / MANIFEST)
    sync_folder(part)
    part.rename(folder)
    sync_folder(folder.parent)
    return snapshot


def _swap_in(published: Path, snapshot: Snapshot) -> None:
    """Make the database of views beside its place, and rename it into it."""
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
            "COMMENT ON TABLE snapshot IS 'One row; as_of is the newest load that every mart holds.'"
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


def _remove_old(published: Path, grace: timedelta) -> None:
    """Remove versions that were replaced longer ago than the grace, and what an interrupted publish left."""
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
