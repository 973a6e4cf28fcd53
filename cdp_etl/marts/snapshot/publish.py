"""Publish: the snapshot that readers open, and the Parquet files of each version in a folder of their own.

The folder of a version never changes once it has its name. `cdp.duckdb` is replaced by one atomic rename, so a
reader sees the old version or the new one. A reader that has the old version open can go on reading it, because
replaced versions are kept for a grace period.
"""

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from cdp_etl.durable_files import sync_file, sync_folder
from cdp_etl.file_modes import Readers
from cdp_etl.marts.engine import state, tombstones
from cdp_etl.marts.engine.functions import create_functions
from cdp_etl.marts.errors import PseudonymKeyMissingError, SnapshotDamagedError
from cdp_etl.marts.refresh import refresh
from cdp_etl.marts.registry import MARTS, PUBLISHED
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot.database import has_database, replace_database
from cdp_etl.marts.snapshot.delta_files import FileWriter, month_contents
from cdp_etl.marts.snapshot.manifest import MANIFEST, Snapshot, read_snapshot
from cdp_etl.marts.snapshot.names import VERSIONS
from cdp_etl.marts.snapshot.pseudonym_key import PseudonymKey, create_key, read_key
from cdp_etl.marts.snapshot.publication import PublishedForm, PublishRules
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.errors import WarehouseReplacedError
from cdp_etl.warehouse.load import contact_shaped_ids
from cdp_etl.warehouse.maintenance.compaction import has_deleted_secret, remove_deleted_secret
from cdp_etl.warehouse.sql import transaction

GRACE = timedelta(days=1)
"""Time for which a replaced version is kept, for readers that have it open."""

_PART = ".part"
_VERSION_TIME = "%Y%m%dT%H%M%S.%fZ"
_VERSION = re.compile(r"\d{8}T\d{6}\.\d{6}Z-\d+")


def publish(  # noqa: PLR0913 - the keyword arguments are options with defaults
    warehouse: Warehouse,
    published: Path,
    settings: MartSettings,
    rules: PublishRules,
    *,
    new_key: bool = False,
    new_warehouse: bool = False,
    grace: timedelta = GRACE,
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
        rules: What is published. Without personal data, e-mail addresses and phones in identifiers are pseudonyms.
        new_key: Whether to replace the pseudonym key; joins with earlier snapshots then find nothing.
        new_warehouse: Whether a warehouse that has published nothing may replace the snapshot of another one.
        grace: Time for which a replaced version is kept.
        min_rows_for_delta: A changed month of fewer rows is written in full; others get delta files.

    Returns:
        The current version; the previous one if nothing has changed.

    Raises:
        MartCheckError: If a check of a mart fails.
        PseudonymKeyMissingError: If there is no key, but a snapshot with pseudonyms.
        PseudonymKeyInvalidError: If the key cannot be used.
        PublicationUndeclaredError: If a column does not declare what is published of it.
        ReadersGroupError: If a file cannot be given to the group of readers.
        WarehouseReplacedError: If the snapshot is of another warehouse, and `new_warehouse` is false.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    published = published.resolve()
    with warehouse.writing() as connection:
        if not new_warehouse:
            require_own_snapshot(connection, published, warehouse.path)
        if state.published_version(connection) is None:
            state.write_published(connection, "")  # a first publish may be killed after its version has its name
        remove_parts(published)
        latest = usable_snapshot(published)
        form = _form(connection, rules, published, new_key=new_key)
        create_functions(connection)
        as_of = min(refresh(connection, mart, settings).load_seq for mart in MARTS)
        state.delete_applied_changes(connection, MARTS)
        form.prepare(connection)
        snapshot = _published_by_this_warehouse(connection, latest)
        if snapshot is None or not _is_unchanged(connection, snapshot, as_of, form):
            try:
                snapshot = _write_version(
                    connection,
                    published,
                    snapshot,
                    as_of,
                    form,
                    rules.readers,
                    min_rows_for_delta=min_rows_for_delta,
                )
            except BaseException:
                remove_parts(published)  # on a full disk the part is what fills it
                raise
        replace_database(
            connection, published, snapshot, rules.readers, max_portable_bytes=rules.max_portable_bytes
        )
        with transaction(connection):
            state.write_published(connection, snapshot.version)
            tombstones.clear(connection, MARTS)
        remove_old_versions(published, grace)
        must_compact = has_deleted_secret(connection)
    if must_compact:
        remove_deleted_secret(warehouse)
    return snapshot


def is_published(warehouse: Warehouse, published: Path, settings: MartSettings, rules: PublishRules) -> bool:
    """Return whether the latest version has the marts as they are, by their present definitions and in this form.

    Loads that the marts have not applied do not count (`pipeline/unapplied_loads.py`).

    Raises:
        PseudonymKeyMissingError, PseudonymKeyInvalidError, PublicationUndeclaredError: As `publish`.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    published = published.resolve()
    latest = usable_snapshot(published)
    if latest is None:
        return False
    if not rules.has_personal_data and find_key(rules, published) is None:
        return False  # `publish` creates the key
    with warehouse.reading() as connection:
        states = [(mart.definition_hash(settings), state.state_of(connection, mart)) for mart in MARTS]
        form = _form(connection, rules, published, new_key=False)
        return (
            has_database(connection, published, latest, max_portable_bytes=rules.max_portable_bytes)
            and all(applied is not None and applied.definition_hash == present for present, applied in states)
            and _published_by_this_warehouse(connection, latest) is not None
            and _is_unchanged(connection, latest, latest.as_of, form)
        )


def latest_snapshot(published: Path) -> Snapshot | None:
    """Return the newest complete version, or None if there is none.

    Raises:
        SnapshotDamagedError: If its manifest is missing or cannot be read.
    """
    versions = _versions(published.resolve())
    return read_snapshot(versions[-1]) if versions else None


def usable_snapshot(published: Path) -> Snapshot | None:
    """Return the newest complete version, or None if there is none or it is damaged: publish replaces it then."""
    try:
        return latest_snapshot(published)
    except SnapshotDamagedError:
        return None


def has_versions(published: Path) -> bool:
    """Return whether anything was ever published here, damaged or not."""
    return bool(_versions(published.resolve()))


def require_own_snapshot(connection: duckdb.DuckDBPyConnection, published: Path, warehouse: Path) -> None:
    """Check that the snapshot was published from this warehouse, at any time of it.

    A backup of a time before the first publish counts as another warehouse.

    Raises:
        WarehouseReplacedError: If there is a snapshot, and this warehouse has published nothing.
    """
    if has_versions(published) and state.published_version(connection) is None:
        raise WarehouseReplacedError(warehouse)


def _form(
    connection: duckdb.DuckDBPyConnection,
    rules: PublishRules,
    published: Path,
    *,
    new_key: bool,
) -> PublishedForm:
    if rules.has_personal_data:
        return PublishedForm(None)
    ((has_contact_ids,),) = connection.execute("SELECT count(*) > 0 FROM ops.contact_shaped_id").fetchall()
    key = None if new_key else find_key(rules, published)
    return PublishedForm(
        key or create_key(rules.key_file),
        has_pseudonymous_customer_ids=rules.has_pseudonymous_customer_ids,
        has_contact_ids=has_contact_ids,
        decisions=contact_shaped_ids.decisions(connection),
    )


def find_key(rules: PublishRules, published: Path) -> PseudonymKey | None:
    """Return the key in its file; None if there is none yet and the next publish creates it.

    The key of a damaged version is not known, so a new key could change pseudonyms without a word.

    Raises:
        PseudonymKeyMissingError: If the file is missing, but the latest version or a setting depends on it, or the
            latest version is damaged.
        PseudonymKeyInvalidError: If the key cannot be used.
    """
    key = read_key(rules.key_file)
    if key is not None:
        return key
    latest = usable_snapshot(published)
    has_key = has_versions(published) if latest is None else latest.key_id is not None
    if has_key or not rules.creates_key:
        raise PseudonymKeyMissingError(rules.key_file)
    return None


def _published_by_this_warehouse(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot | None
) -> Snapshot | None:
    """Return the version if this warehouse published it last, because the tombstones are relative to it."""
    is_own = snapshot is not None and snapshot.version == state.published_version(connection)
    return snapshot if is_own else None


def _is_unchanged(
    connection: duckdb.DuckDBPyConnection, previous: Snapshot, as_of: int, form: PublishedForm
) -> bool:
    contents = {mart.name: month_contents(connection, mart, form) for mart in PUBLISHED}
    published = {
        mart: {month: (files.kind, files.load_seq) for month, files in months.items()}
        for mart, months in previous.marts.items()
    }
    has_files = all(previous.has_files(files) for months in previous.marts.values() for files in months.values())
    return has_files and previous.as_of == as_of and previous.key_id == form.key_id and contents == published


def _write_version(  # noqa: PLR0913, PLR0917 - as `publish`
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    previous: Snapshot | None,
    as_of: int,
    form: PublishedForm,
    readers: Readers,
    *,
    min_rows_for_delta: int,
) -> Snapshot:
    now = datetime.now(UTC)
    version = f"{now:{_VERSION_TIME}}-{as_of}"
    folder = published / VERSIONS / version
    part = folder.with_name(f".{version}{_PART}")
    part.mkdir(parents=True)
    writer = FileWriter(connection, part, as_of, previous, form, min_rows_for_delta)
    marts = {mart.name: writer.write_mart(mart) for mart in PUBLISHED}
    snapshot = Snapshot(as_of, version, now, form.has_personal_data, form.key_id, folder, marts)
    snapshot.write(part)
    sync_file(part / MANIFEST)
    readers.admit_tree(part)
    for parent in (published, part.parent):
        readers.admit(parent)
    sync_folder(part)
    part.rename(folder)
    sync_folder(folder.parent)
    return snapshot


def remove_old_versions(published: Path, grace: timedelta) -> int:
    """Remove versions that were replaced longer ago than the grace period, and return their number.

    The name of a version has its time, so that a damaged manifest does not matter.
    """
    now = datetime.now(UTC)
    old = [
        version for version, successor in pairwise(_versions(published)) if now - _published_at(successor) > grace
    ]
    for version in old:
        shutil.rmtree(version)
    return len(old)


def remove_parts(published: Path) -> None:
    """Remove parts of publishes that failed or were killed. The caller holds the lock of the warehouse."""
    for part in (published / VERSIONS).glob(f".*{_PART}"):
        shutil.rmtree(part)


def _published_at(version: Path) -> datetime:
    return datetime.strptime(version.name.partition("-")[0], _VERSION_TIME).replace(tzinfo=UTC)


def _versions(published: Path) -> Sequence[Path]:
    return sorted(
        folder
        for folder in (published / VERSIONS).glob("*")
        if _VERSION.fullmatch(folder.name) and folder.is_dir()
    )
