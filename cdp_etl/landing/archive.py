"""Raw archive: every pulled dump, stored under the hash of its content.

    archive/<entity>/<YYYY-MM-DD>/<content fingerprint>/<files as delivered>
                                 /latest.json   record of the newest pull
                                 /pull.lock     lock: one pull of a dump at a time
                                 /.incoming/    files that are being downloaded

`pull.py` adds to the archive, `retention.py` deletes from it.
"""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from filelock import AsyncFileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from cdp_etl.contract.file_names import dump_dates
from cdp_etl.durable_files import hash_file, sync_file, sync_folder, write_file
from cdp_etl.landing.errors import LandingError
from cdp_etl.landing.models import DumpFile, FileDifference, Pull, ReadyBy
from cdp_etl.landing.zones.path_safety import printable
from cdp_etl.storage_errors import is_unreadable

LATEST = "latest.json"
LOCK = "pull.lock"
INCOMING = ".incoming"


@dataclass(frozen=True)
class PullRecord:
    """Content of `latest.json`. The fields are described in `Pull`."""

    entity: str
    dump_date: date
    fingerprint: str
    listing_fingerprint: str
    ready_by: ReadyBy
    pulled_at: datetime
    files: tuple[DumpFile, ...]
    findings: tuple[str, ...]
    difference: FileDifference | None


_record = TypeAdapter(PullRecord)


class DumpArchive:
    """The archive of one dump."""

    def __init__(self, archive: Path, entity: str, dump_date: date) -> None:
        self.folder = archive / entity / dump_date.isoformat()
        self._entity, self._dump_date = entity, dump_date.isoformat()
        self._label = f"{entity} {dump_date.isoformat()}"

    @asynccontextmanager
    async def lock(self, wait_seconds: float) -> AsyncIterator[None]:
        """Lock the dump against other pulls. The operating system releases the lock if the process ends.

        Raises:
            LandingError: If another pull holds the lock for longer than `wait_seconds`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            async with AsyncFileLock(self.folder / LOCK, timeout=wait_seconds):
                yield
        except Timeout as error:
            raise LandingError(
                f"{self._label}: another pull of this dump has been running for {wait_seconds:.0f} s"
            ) from error

    def latest(self) -> PullRecord | None:
        """Return the record of the newest pull, or None if there is none or its files were pruned.

        Raises:
            LandingError: If the record cannot be read or parsed.
        """
        path = self.folder / LATEST
        try:
            record = _record.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as error:
            if isinstance(error, OSError) and not is_unreadable(error):
                raise
            raise LandingError(
                f"{path}: not a record of a pull. Move it away and pull the dump again:"
                f" `mv {path} {path}.damaged && cdp-etl run --entity {self._entity} --from {self._dump_date}`"
            ) from error
        return record if self.directory(record.fingerprint).is_dir() else None

    def directory(self, fingerprint: str) -> Path:
        """Return the folder of a content; it need not exist."""
        return self.folder / fingerprint

    def incoming(self) -> Path:
        """Return the folder for downloads; create it if it is missing."""
        folder = self.folder / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def commit(self, record: PullRecord, sources: Mapping[str, Path]) -> None:
        """Store a pull: link its files into a folder of their own, then write the record.

        Args:
            record: The pull.
            sources: Current location of each file, by path in the dump: an earlier pull or the incoming folder.
        """
        target = self.directory(record.fingerprint)
        if target.is_dir():
            self._repair(target, record, sources)
        else:
            building = self.incoming() / "building"
            if building.exists():
                shutil.rmtree(building)
            building.mkdir()
            for path, source in sources.items():
                (building / path).parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(source, building / path)
            for folder, _, _ in os.walk(building):
                sync_folder(Path(folder))
            building.rename(target)
            sync_folder(self.folder)
        write_file(self.folder / LATEST, _record.dump_json(record, indent=1))
        shutil.rmtree(self.incoming())

    def _repair(self, target: Path, record: PullRecord, sources: Mapping[str, Path]) -> None:
        """Replace files of a stored content that are missing or damaged by those that were pulled again."""
        for file in record.files:
            path = target / file.path
            if not is_intact(path, file):
                path.parent.mkdir(parents=True, exist_ok=True)
                repaired = self.incoming() / "repaired"
                repaired.unlink(missing_ok=True)  # of a killed process
                link_or_copy(sources[file.path], repaired)
                repaired.replace(path)
                sync_folder(path.parent)

    def is_complete(self, record: PullRecord) -> bool:
        """Return whether all files of a pull exist with their sizes; their content is not read."""
        directory = self.directory(record.fingerprint)
        return all(_size(directory / file.path) == file.bytes for file in record.files)

    def to_pull(self, record: PullRecord, *, is_new: bool) -> Pull:
        """Convert a record to a Pull."""
        return Pull(
            entity=record.entity,
            dump_date=record.dump_date,
            directory=self.directory(record.fingerprint),
            files=record.files,
            fingerprint=record.fingerprint,
            listing_fingerprint=record.listing_fingerprint,
            ready_by=record.ready_by,
            pulled_at=record.pulled_at,
            findings=record.findings,
            is_new=is_new,
            difference=record.difference,
        )


def latest_pull(archive: Path, entity: str, dump_date: date) -> Pull | None:
    """Return the newest pull of a dump, or None if it was never pulled or its files were pruned."""
    dump = DumpArchive(archive, entity, dump_date)
    record = dump.latest()
    return dump.to_pull(record, is_new=False) if record else None


def archived_dates(archive: Path, entity: str) -> list[date]:
    """Return the dump dates of an entity that have a folder in the archive, in order."""
    folder = archive / entity
    return dump_dates(path.name for path in folder.iterdir()) if folder.is_dir() else []


def damaged_files(pull: Pull) -> list[str]:
    """Read all files of a pull and return those that are missing or damaged, by path in the dump."""
    return [printable(file.path) for file in pull.files if not is_intact(pull.directory / file.path, file)]


def is_intact(path: Path, file: DumpFile) -> bool:
    """Return whether a file of the archive exists, can be read, and has the content that was pulled."""
    try:
        return _size(path) == file.bytes and hash_file(path) == file.sha256
    except OSError as error:
        if is_unreadable(error):
            return False
        raise


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it if the file system does not support links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
        sync_file(target)
