"""The normalized lake: where a dump's outcome lies, and how it gets there whole or not at all.

`<lake>/<entity table>/<dump date>/<content fingerprint>/`, and beside these a file `latest` that names one of
them. A run writes into a work directory of its own and renames it at the end, so that a crash leaves nothing
half-visible and runs that overlap do not meet. Put here places alone.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.lake.result import SUMMARY_FILE, NormalizedDump

_WORK: Final = ".work-"
_LOCK: Final = ".lock"
_LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class DumpShelf:
    """The place of one entity's and day's outcomes.

    Attributes:
        directory: `<lake>/<entity table>/<dump date>`.
    """

    directory: Path

    def find(self, fingerprint: str) -> NormalizedDump | None:
        """Give the outcome of a content fingerprint, None where there is none yet."""
        directory = self.directory / fingerprint
        try:
            text = (directory / SUMMARY_FILE).read_text("utf-8")
        except FileNotFoundError:
            return None
        return NormalizedDump.from_json(text, directory)

    def latest(self) -> NormalizedDump | None:
        """Give the outcome that was published last, None where none was."""
        try:
            fingerprint = (self.directory / _LATEST).read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        return self.find(fingerprint)

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """Give an empty directory to write an outcome into; it is gone afterwards, if it was not published."""
        self.directory.mkdir(parents=True, exist_ok=True)
        work = self.directory / f"{_WORK}{uuid.uuid4().hex}"
        lock = Path(f"{work}{_LOCK}")
        with FileLock(lock):
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                lock.unlink()  # while it is held: whoever finds it without its directory finds a leftover

    def publish(self, work: Path, outcome: NormalizedDump) -> NormalizedDump:
        """Make a work directory the outcome of its content, and that one the latest.

        Where another run published the same content meanwhile, its files stay: they are the same.
        """
        _write_durably(work / SUMMARY_FILE, outcome.to_json())
        _sync_directory(work)
        final = self.directory / outcome.content_fingerprint
        with suppress(OSError):
            work.rename(final)
        published = self.find(outcome.content_fingerprint)
        if published is None:
            raise FileNotFoundError(final / SUMMARY_FILE)
        self.point_at(published)
        return published

    def point_at(self, outcome: NormalizedDump) -> None:
        """Make an outcome the latest."""
        pointer = self.directory / f".{_LATEST}-{uuid.uuid4().hex}"
        _write_durably(pointer, outcome.content_fingerprint)
        pointer.replace(self.directory / _LATEST)
        _sync_directory(self.directory)

    def remove_leftovers(self) -> None:
        """Remove what runs that were killed left behind: their lock is free."""
        for lock in self.directory.glob(f"{_WORK}*{_LOCK}"):
            try:
                with FileLock(lock, timeout=0):
                    shutil.rmtree(lock.with_name(lock.name.removesuffix(_LOCK)), ignore_errors=True)
            except Timeout:
                continue
            lock.unlink(missing_ok=True)


def shelf(lake: Path, entity: Entity, dump_date: date) -> DumpShelf:
    """Give the place of a dump's outcomes."""
    return DumpShelf(lake / entity.table / dump_date.isoformat())


def latest_normalized(lake: Path, entity: Entity, dump_date: date) -> NormalizedDump | None:
    """Give the outcome of a dump that was published last, None where it was never normalized."""
    return shelf(lake, entity, dump_date).latest()


def _write_durably(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
