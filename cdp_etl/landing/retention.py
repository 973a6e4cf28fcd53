"""How long the raw archive keeps what was pulled.

Put here what may go and its removal. The layout is `archive.py`.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from cdp_etl.landing.archive import INCOMING, LATEST, LOCK, DumpArchive
from cdp_etl.landing.errors import LandingError


@dataclass(frozen=True)
class Retention:
    """What is kept; None keeps for ever.

    `keep_days`: dumps, by dump date. A dump that went can be pulled again while its zone has it, but no longer
    replayed. `keep_superseded_days`: earlier deliveries of a dump that is kept, by the day they were pulled.
    """

    keep_days: int | None = None
    keep_superseded_days: int | None = None


@dataclass(frozen=True)
class PrunedPull:
    """One pull that went, or would go. `bytes` are those that no pull which stays shares by a link."""

    entity: str
    dump_date: date
    fingerprint: str
    bytes: int
    reason: Literal["dump is old", "superseded"]


def prune(archive: Path, retention: Retention, today: date, *, dry_run: bool) -> list[PrunedPull]:
    """Remove what is older than is to be kept, and give what went; with `dry_run` what would go.

    The newest pull of a dump stays as long as its dump does. A dump that is being pulled is passed over.

    Raises:
        LandingError: something under the archive is not what the archive writes there.
    """
    pruned: list[PrunedPull] = []
    for entity, dump_date, folder in _dumps(archive):
        outdated = list(_outdated(DumpArchive(archive, entity, dump_date), dump_date, retention, today))
        if outdated:
            with suppress(Timeout), FileLock(folder / LOCK, timeout=0):
                pruned += [
                    PrunedPull(entity, dump_date, pull.name, _own_bytes(pull), reason) for pull, reason in outdated
                ]
                if not dry_run:
                    _remove(folder, [pull for pull, _ in outdated])
    return pruned


def _outdated(
    dump: DumpArchive, dump_date: date, retention: Retention, today: date
) -> Iterator[tuple[Path, Literal["dump is old", "superseded"]]]:
    latest = dump.latest()
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


def _own_bytes(pull: Path) -> int:
    statuses = [path.stat() for path in pull.rglob("*") if path.is_file()]
    return sum(status.st_size for status in statuses if status.st_nlink == 1)


def _remove(folder: Path, pulls: list[Path]) -> None:
    """Take each pull out of sight at once, so that no reader sees half of it."""
    for pull in pulls:
        doomed = pull.with_name(f".{pull.name}.pruned")
        pull.rename(doomed)
        shutil.rmtree(doomed)
    if not any(_pulls(folder)):
        (folder / LATEST).unlink(missing_ok=True)
        if (folder / INCOMING).exists():
            shutil.rmtree(folder / INCOMING)
