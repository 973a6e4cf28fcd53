"""Storage of the normalized lake: folders of dumps and atomic publishing of their outputs.

An output is in `<lake>/<entity table>/<dump date>/<content fingerprint>/`; a file `latest` in the same folder
names the current one. A run writes into a work directory of its own and renames it at the end. So a crash leaves
no partial output visible, and concurrent runs do not interfere.
"""

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
from cdp_etl.durable_files import replace_file, write_file
from cdp_etl.normalize.lake.result import SUMMARY_FILE, NormalizedDump

_WORK: Final = ".work-"
_LOCK: Final = ".lock"
_LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class DumpFolder:
    """Folder of the outputs of one dump.

    Attributes:
        directory: `<lake>/<entity table>/<dump date>`.
    """

    directory: Path

    def find(self, fingerprint: str) -> NormalizedDump | None:
        """Return the output of a content fingerprint, or None if there is none yet."""
        directory = self.directory / fingerprint
        try:
            text = (directory / SUMMARY_FILE).read_text("utf-8")
        except FileNotFoundError:
            return None
        return NormalizedDump.from_json(text, directory)

    def latest(self) -> NormalizedDump | None:
        """Return the output that was published last, or None if there is none."""
        try:
            fingerprint = (self.directory / _LATEST).read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        return self.find(fingerprint)

    @contextmanager
    def work_directory(self) -> Iterator[Path]:
        """Yield an empty directory for an output; it is deleted at the end unless it was published."""
        self.directory.mkdir(parents=True, exist_ok=True)
        work = self.directory / f"{_WORK}{uuid.uuid4().hex}"
        lock = Path(f"{work}{_LOCK}")
        with FileLock(lock):
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                lock.unlink()  # before it is released: a free lock marks a leftover

    def publish(self, work: Path, output: NormalizedDump) -> NormalizedDump:
        """Rename a work directory to its content fingerprint, and set it as the latest output.

        If another run has published the same content, its files stay: they are equal.
        """
        write_file(work / SUMMARY_FILE, output.to_json().encode())
        final = self.directory / output.content_fingerprint
        with suppress(OSError):
            work.rename(final)
        published = self.find(output.content_fingerprint)
        if published is None:
            raise FileNotFoundError(final / SUMMARY_FILE)
        self.set_latest(published)
        return published

    def set_latest(self, output: NormalizedDump) -> None:
        """Set an output as the latest."""
        pointer = self.directory / f".{_LATEST}-{uuid.uuid4().hex}"
        pointer.write_text(output.content_fingerprint, "utf-8")
        replace_file(pointer, self.directory / _LATEST)

    def remove_leftovers(self) -> None:
        """Delete the work directories of killed runs: their locks are free."""
        for lock in self.directory.glob(f"{_WORK}*{_LOCK}"):
            try:
                with FileLock(lock, timeout=0):
                    shutil.rmtree(lock.with_name(lock.name.removesuffix(_LOCK)), ignore_errors=True)
            except Timeout:
                continue
            lock.unlink(missing_ok=True)


def dump_folder(lake: Path, entity: Entity, dump_date: date) -> DumpFolder:
    """Return the folder of a dump."""
    return DumpFolder(lake / entity.table / dump_date.isoformat())


def find_normalized(
    lake: Path, entity: Entity, dump_date: date, content_fingerprint: str
) -> NormalizedDump | None:
    """Return the output of a dump with this fingerprint, or None if the lake does not have it."""
    return dump_folder(lake, entity, dump_date).find(content_fingerprint)


def latest_normalized(lake: Path, entity: Entity, dump_date: date) -> NormalizedDump | None:
    """Return the output of a dump that was published last, or None if the dump was never normalized."""
    return dump_folder(lake, entity, dump_date).latest()
