"""Retention of the raw archive: selects expired pulls and deletes them."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from cdp_etl.landing.archive import INCOMING, LATEST, LOCK, DumpArchive
from cdp_etl.landing.errors import LandingError
from cdp_etl.landing.transfer.decrypt import remove_decrypted

_PRUNED = ".pruned"
"""Suffix of pulls whose deletion has begun."""

_INCOMING_KEPT_SECONDS = 24 * 3600
"""Time for which the downloads of an unfinished pull wait for the next attempt, which resumes them."""


@dataclass(frozen=True)
class Retention:
    """Retention periods; None keeps pulls forever.

    Attributes:
        keep_days: Days after the dump date. A deleted dump cannot be replayed; it can be pulled again as long as
            the zone offers it.
        keep_superseded_days: Days after the pull, for each pull of a dump but the newest.
    """

    keep_days: int | None = None
    keep_superseded_days: int | None = None


@dataclass(frozen=True)
class PrunedPull:
    """A deleted pull, or one that a dry run would delete. `bytes` excludes files that other pulls share."""

    entity: str
    dump_date: date
    fingerprint: str
    bytes: int
    reason: Literal["dump is old", "superseded"]


def prune(archive: Path, retention: Retention, today: date, *, dry_run: bool) -> list[PrunedPull]:
    """Delete expired pulls and return them. With `dry_run`, delete nothing.

    The newest pull of a dump is kept until its dump expires. A dump that is being pulled is skipped: what expired
    is decided under the lock of the dump. Leftovers of killed prunes and refused pulls are deleted too.

    Raises:
        LandingError: If the archive contains a folder that is not named by a dump date.
    """
    pruned: list[PrunedPull] = []
    for entity, dump_date, folder in _dumps(archive):
        with suppress(Timeout), FileLock(folder / LOCK, timeout=0):
            expired = list(_expired(DumpArchive(archive, entity, dump_date), dump_date, retention, today))
            pruned += [
                PrunedPull(entity, dump_date, pull.name, _unshared_bytes(pull), reason) for pull, reason in expired
            ]
            if not dry_run:
                _delete(folder, [pull for pull, _ in expired])
                _delete_leftovers(folder)
    return pruned


def _expired(
    dump: DumpArchive, dump_date: date, retention: Retention, today: date
) -> Iterator[tuple[Path, Literal["dump is old", "superseded"]]]:
    try:
        latest = dump.latest()
    except LandingError:  # its record is damaged: without it, no pull is known to be superseded
        latest = None
    is_old = retention.keep_days is not None and dump_date < today - timedelta(days=retention.keep_days)
    for pull in sorted(_pulls(dump.folder)):
        if is_old:
            yield pull, "dump is old"
        elif latest is not None and pull.name != latest.fingerprint and _is_superseded(pull, retention, today):
            yield pull, "superseded"


def _is_superseded(pull: Path, retention: Retention, today: date) -> bool:
    if retention.keep_superseded_days is None:
        return False
    pulled_on = datetime.fromtimestamp(pull.stat().st_mtime, UTC).date()
    return pulled_on < today - timedelta(days=retention.keep_superseded_days)


def _dumps(archive: Path) -> Iterator[tuple[str, date, Path]]:
    for entity in sorted(archive.iterdir()) if archive.is_dir() else []:
        for folder in sorted(entity.iterdir()):
            try:
                yield entity.name, date.fromisoformat(folder.name), folder
            except ValueError as error:
                raise LandingError(f"{folder}: expected a folder named by a dump date in the archive") from error


def _pulls(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _unshared_bytes(pull: Path) -> int:
    statuses = [path.stat() for path in pull.rglob("*") if path.is_file()]
    return sum(status.st_size for status in statuses if status.st_nlink == 1)


def _delete(folder: Path, pulls: list[Path]) -> None:
    """Rename each pull before deleting it, so that no reader sees an incomplete pull."""
    for pull in pulls:
        hidden = pull.with_name(f".{pull.name}{_PRUNED}")
        pull.rename(hidden)
        shutil.rmtree(hidden)
    if not any(_pulls(folder)):
        (folder / LATEST).unlink(missing_ok=True)
        if (folder / INCOMING).exists():
            shutil.rmtree(folder / INCOMING)


def _delete_leftovers(folder: Path) -> None:
    """Delete what killed prunes, refused pulls and killed pulls left. The caller holds the lock of the dump."""
    for half_deleted in folder.glob(f".*{_PRUNED}"):
        shutil.rmtree(half_deleted)
    incoming = folder / INCOMING
    if incoming.exists():
        remove_decrypted(incoming)
        if time.time() - incoming.stat().st_mtime > _INCOMING_KEPT_SECONDS:
            shutil.rmtree(incoming)
