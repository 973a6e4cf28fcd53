"""The raw archive: every delivered dump as it was pulled, addressed by its content.

    archive/<entity>/<YYYY-MM-DD>/<content fingerprint>/<files as delivered>
                                 /latest.json   which of them is the newest, and the record of that pull
                                 /pull.lock     one pull of a dump at a time
                                 /.incoming/    what is being received

Put here the layout and its changes. What goes in is decided by `pull.py`; what goes out by `retention.py`.
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

from cdp_etl.durable_files import sync_file, sync_folder, write_whole
from cdp_etl.landing.errors import LandingError
from cdp_etl.landing.models import DumpFile, FileDifference, Pull, ReadyBy

LATEST = "latest.json"
LOCK = "pull.lock"
INCOMING = ".incoming"


@dataclass(frozen=True)
class PullRecord:
    """A pull as `latest.json` keeps it; the fields are those of `Pull`."""

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
        self._shown = f"{entity} {dump_date.isoformat()}"

    @asynccontextmanager
    async def locked(self, wait_seconds: float) -> AsyncIterator[None]:
        """Hold off other pulls of this dump; the lock goes with the process.

        Raises:
            LandingError: another one held it for `wait_seconds`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            async with AsyncFileLock(self.folder / LOCK, timeout=wait_seconds):
                yield
        except Timeout as error:
            raise LandingError(
                f"{self._shown}: another pull of this dump has been at work for {wait_seconds:.0f} s"
            ) from error

    def latest(self) -> PullRecord | None:
        """Read the record of the newest pull; None where there is none or its files were pruned.

        Raises:
            LandingError: the record cannot be read.
        """
        path = self.folder / LATEST
        try:
            record = _record.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise LandingError(f"{path}: not a record of a pull; remove it to pull the dump anew") from error
        return record if self.directory(record.fingerprint).is_dir() else None

    def directory(self, fingerprint: str) -> Path:
        """Give the folder that holds, or would hold, a content."""
        return self.folder / fingerprint

    def incoming(self) -> Path:
        """Give the folder for what is being received."""
        folder = self.folder / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def commit(self, record: PullRecord, sources: Mapping[str, Path]) -> None:
        """Put received or kept files (path in the dump -> where it lies now) in place, then the record.

        Files of an earlier pull are linked, received ones are linked too and go with the incoming folder.
        """
        target = self.directory(record.fingerprint)
        if not target.is_dir():
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
        write_whole(self.folder / LATEST, _record.dump_json(record, indent=1))
        shutil.rmtree(self.incoming())

    def as_pull(self, record: PullRecord, *, is_new: bool) -> Pull:
        """Give a record as the caller sees it."""
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
    """Give the newest pull of a dump, or None if it was never pulled or its files were pruned."""
    dump = DumpArchive(archive, entity, dump_date)
    record = dump.latest()
    return dump.as_pull(record, is_new=False) if record else None


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a file; copy it where the file system cannot link."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
        sync_file(target)
