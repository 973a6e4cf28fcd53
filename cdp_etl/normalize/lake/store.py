"""Storage of the normalized lake: folders of dumps and atomic publishing of their outputs.

An output is in `<lake>/<entity table>/<dump date>/<content fingerprint>/`; a file `latest` in the same folder
names the current one. A run writes into a work directory of its own and renames it at the end. So a crash leaves
no partial output visible, and concurrent runs do not interfere.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from cdp_etl.contract.entity import Entity
from cdp_etl.durable_files import hash_file, replace_file, sync_folder, write_file
from cdp_etl.normalize.errors import OutputDamagedError
from cdp_etl.normalize.lake.part_files import PartFolder
from cdp_etl.normalize.lake.result import (
    ACCEPTED,
    QUARANTINED,
    SUMMARY_FILE,
    SUPERSEDED,
    NormalizedDump,
    NormalizedFile,
)
from cdp_etl.storage_errors import is_unreadable

DELETING: Final = ".going-"
"""Prefix of outputs whose deletion has begun."""

_WORK: Final = ".work-"
_LOCK: Final = ".lock"
_OUTPUTS_LOCK: Final = ".outputs.lock"
_LATEST: Final = "latest"
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DumpFolder:
    """Folder of the outputs of one dump.

    Attributes:
        directory: `<lake>/<entity table>/<dump date>`.
    """

    directory: Path

    def find(self, fingerprint: str) -> NormalizedDump | None:
        """Return the output of a content fingerprint, or None if there is none yet.

        The name of the folder is not trusted: its summary must be of this content, and all files must have their
        size. `require_intact` compares the hashes too.

        Raises:
            OutputDamagedError: If the summary cannot be read, is of another output, or a file is not complete.
        """
        directory = self.directory / fingerprint
        path = directory / SUMMARY_FILE
        try:
            with self._unreadable_is_damaged(path):
                output = NormalizedDump.from_json(path.read_text("utf-8"), directory)
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError):  # not JSON, or JSON of another shape
            raise self._damaged(path, "it is not a summary") from None
        if (output.entity, output.dump_date.isoformat(), output.content_fingerprint) != (
            self.directory.parent.name,
            self.directory.name,
            fingerprint,
        ):
            raise self._damaged(path, "it is the summary of another output")
        for part in output.parts:
            size = _size(directory / part.path)
            if size != part.bytes:
                raise self._damaged(directory / part.path, f"{size or 0} bytes instead of {part.bytes}")
        return output

    def require_intact(self, output: NormalizedDump) -> None:
        """Read all files of an output and compare their hashes; without hashes, the number of rows.

        Raises:
            OutputDamagedError: If a file differs.
        """
        for part in output.parts:
            path = output.directory / part.path
            with self._unreadable_is_damaged(path):
                if not path.is_file() or hash_file(path) != part.sha256:
                    raise self._damaged(path, "its content is not what normalization wrote")
        if not output.parts:
            written = {ACCEPTED: output.accepted, SUPERSEDED: output.superseded, QUARANTINED: output.quarantined}
            for name, rows in written.items():
                if _rows(output.directory / name) != rows:
                    raise self._damaged(output.directory / name, f"it does not have {rows} rows")

    def latest(self) -> NormalizedDump | None:
        """Return the output that was published last, or None if there is none.

        Raises:
            OutputDamagedError: If the pointer to it or the output is damaged.
        """
        fingerprint = self.latest_fingerprint()
        if fingerprint is None:
            return None
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise self._damaged(self.directory / _LATEST, "it names no output")
        return self.find(fingerprint)

    def latest_fingerprint(self) -> str | None:
        """Return the content fingerprint of the output that was published last, or None if there is none."""
        try:
            return (self.directory / _LATEST).read_text("utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None

    def reuse(self, fingerprint: str) -> NormalizedDump | None:
        """Set a known output as the latest and return it; None if it must be normalized.

        `prune_lake` deletes no output that was reused: both hold the lock, and the time of the folder is renewed.
        """
        if not self.directory.is_dir():
            return None
        with self.lock():
            known = self.usable(fingerprint)
            if known is not None:
                os.utime(known.directory)
                self.set_latest(known)
            return known

    def fingerprints(self) -> list[str]:
        """Return the content fingerprints of all outputs; other folders are work in progress."""
        return sorted(path.name for path in self.directory.iterdir() if _FINGERPRINT.fullmatch(path.name))

    def usable(self, fingerprint: str) -> NormalizedDump | None:
        """Return the output of a content fingerprint, or None if there is none or it is damaged."""
        try:
            return self.find(fingerprint)
        except OutputDamagedError:
            return None

    def lock(self) -> FileLock:
        """Return the lock of this dump's outputs: one process sets, replaces or deletes them at a time."""
        return FileLock(self.directory / _OUTPUTS_LOCK)

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

    def publish(self, work: Path, output: NormalizedDump, *, is_latest: bool = True) -> NormalizedDump:
        """Rename a work directory to its content fingerprint, and set it as the latest output.

        If another run has published the same content, its files stay: they are equal. Damaged ones are replaced.

        Args:
            work: The work directory.
            output: What is in it.
            is_latest: Whether to set it as the latest output.
        """
        parts = [
            NormalizedFile(path.relative_to(work).as_posix(), path.stat().st_size, hash_file(path))
            for path in sorted(work.rglob("*.parquet"))
        ]
        write_file(work / SUMMARY_FILE, replace(output, parts=tuple(parts)).to_json().encode())
        final = self.directory / output.content_fingerprint
        with self.lock():
            published = self._intact(output.content_fingerprint)
            if published is None:
                if final.exists():
                    delete_folder(final)
                work.rename(final)
                sync_folder(self.directory)
                published = self.find(output.content_fingerprint)
            if published is None:
                raise FileNotFoundError(final / SUMMARY_FILE)
            if is_latest:
                self.set_latest(published)
        return published

    def _intact(self, fingerprint: str) -> NormalizedDump | None:
        try:
            output = self.find(fingerprint)
            if output is not None:
                self.require_intact(output)
        except OutputDamagedError:
            return None
        return output

    def delete_unused(self, fingerprint: str) -> bool:
        """Delete an output unless it is the latest, and return whether it was deleted."""
        with self.lock():
            if fingerprint == self.latest_fingerprint() or not (self.directory / fingerprint).exists():
                return False
            delete_folder(self.directory / fingerprint)
            return True

    @contextmanager
    def _unreadable_is_damaged(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not is_unreadable(error):
                raise
            raise self._damaged(path, "the disk cannot read it") from None

    def _damaged(self, path: Path, fact: str) -> OutputDamagedError:
        entity = self.directory.parent.name.replace("_", "-")
        return OutputDamagedError(entity, self.directory.name, path, fact)

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
    """Return the output of a dump with this fingerprint, or None if the lake does not have it undamaged."""
    return dump_folder(lake, entity, dump_date).usable(content_fingerprint)


def latest_normalized(lake: Path, entity: Entity, dump_date: date) -> NormalizedDump | None:
    """Return the output of a dump that was published last, or None if the dump was never normalized.

    Raises:
        OutputDamagedError: If it is damaged.
    """
    return dump_folder(lake, entity, dump_date).latest()


def require_intact(lake: Path, entity: Entity, output: NormalizedDump) -> None:
    """Compare all files of an output with their hashes.

    Raises:
        OutputDamagedError: If a file differs.
    """
    dump_folder(lake, entity, output.dump_date).require_intact(output)


def delete_folder(folder: Path) -> None:
    """Delete a folder after renaming it, so that no reader sees half of it."""
    deleting = folder.with_name(f"{DELETING}{folder.name}")
    if deleting.exists():  # of a killed process
        shutil.rmtree(deleting)
    folder.rename(deleting)
    shutil.rmtree(deleting)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _rows(folder: Path) -> int | None:
    """Return the number of rows of the Parquet files of a folder; None if one cannot be read."""
    try:
        return sum(pq.read_metadata(path).num_rows for path in PartFolder(folder).files())
    except (OSError, pa.ArrowException):
        return None
