"""Listing of one dump: checks its file names and sorts the files into data, checksums, manifest and marker.

Reads no file; `manifest.py` reads the manifest.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from cdp_etl.contract.delivery_order import in_delivery_order
from cdp_etl.contract.file_names import (
    FOLDER_MARKER_SUFFIX,
    MANIFEST,
    MARKER,
    Companion,
    DataFile,
    UnknownDumpFileError,
    classify,
    without_encryption,
)
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.zones.path_safety import printable, require_distinct, require_safe_path
from cdp_etl.landing.zones.path_template import DumpLocation
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.zone import Zone


@dataclass(frozen=True)
class ListedFile:
    """A file of a dump. `path` is relative to the dump; `remote` is the file in the zone."""

    path: str
    remote: RemoteFile


@dataclass(frozen=True)
class Listing:
    """The files of one dump in its zone.

    Attributes:
        files: All files, in delivery order.
        data_files: The data files, in delivery order.
        checksums: The `.sha256` file of a data file, by `nfc` of the data file's path.
        md5s: The `.md5` file of a data file, likewise.
        triggers: Files next to the data that are not read, such as `a.csv.done`.
        manifest: The manifest, if there is one.
        marker: The marker `_SUCCESS`, if there is one.
        fingerprint: Hash of path, size, time and ETag of every file, also of unfinished uploads. It is unchanged
            as long as no file changes.
        newest_at: Time of the newest change, in UTC.
    """

    files: tuple[ListedFile, ...]
    data_files: tuple[ListedFile, ...]
    checksums: dict[str, ListedFile]
    md5s: dict[str, ListedFile]
    triggers: tuple[ListedFile, ...]
    manifest: ListedFile | None
    marker: ListedFile | None
    fingerprint: str
    newest_at: datetime | None

    @property
    def bytes(self) -> int:
        """Total size of the data files."""
        return sum(file.remote.bytes for file in self.data_files)

    def is_empty(self) -> bool:
        """Return whether nothing was delivered. A manifest alone is a delivery: of no data files."""
        return not self.data_files and self.manifest is None


async def list_dump(session: Session, zone: Zone, entity: str, dump_date: date) -> Listing:
    """List the files of one dump.

    Raises:
        DumpRefusedError: If a name is dangerous or has no known format.
        ZoneUnreachableError: If the zone does not answer.
        ZoneConfigError: If the zone's address, credentials or permissions are wrong.
    """
    location = zone.template.locate(entity, dump_date)
    files = await list_with_retry(session, zone, location.folder, recursive=not location.name_prefix)
    return parse_listing(location, files, zone.limits.files)


async def list_with_retry(session: Session, zone: Zone, folder: str, *, recursive: bool) -> list[RemoteFile]:
    """List a folder; retry transient faults."""
    files: list[RemoteFile] = []
    async for attempt in zone.retry.retrying():
        with attempt:
            files = await session.list_folder(folder, recursive=recursive)
    return files


def parse_listing(location: DumpLocation, files: Iterable[RemoteFile], max_files: int) -> Listing:
    """Sort the files of a folder into the parts of the dump at `location`. Skip files of other dumps.

    Raises:
        DumpRefusedError: If a name is dangerous or has no known format, or if there are more data files than
            `max_files`.
    """
    by_path = {path: file for file in files if (path := _path_in_dump(location, file.path)) is not None}
    listed = [ListedFile(path, by_path[path]) for path in in_delivery_order(by_path)]
    for file in listed:
        require_safe_path(file.path)
        if file.path.endswith(FOLDER_MARKER_SUFFIX) and file.remote.bytes:
            raise DumpRefusedError(f"{printable(file.path)}: a marker of a folder that has content is refused")
    fingerprint = fingerprint_of([replace(file.remote, path=file.path) for file in listed])
    unsorted = Listing(tuple(listed), (), {}, {}, (), None, None, fingerprint, _newest(listed))
    data_files: list[ListedFile] = []
    checksums: dict[str, ListedFile] = {}
    md5s: dict[str, ListedFile] = {}
    triggers: list[ListedFile] = []
    for file in listed:
        try:
            kind = classify(file.path)
        except UnknownDumpFileError as error:
            raise DumpRefusedError(str(error)) from error
        if isinstance(kind, DataFile):
            data_files.append(file)
        elif isinstance(kind, Companion) and kind.target is not None:
            (md5s if kind.kind == "md5" else checksums)[nfc(kind.target)] = file
        elif isinstance(kind, Companion) and kind.kind == "trigger":
            triggers.append(file)
    if len(data_files) > max_files:
        raise DumpRefusedError(f"{len(data_files)} data files, expected at most {max_files} (CDP_ETL_MAX_FILES)")
    require_distinct((file.path, without_encryption(file.path)) for file in data_files)
    listed_by_path = {file.path: file for file in listed}
    return replace(
        unsorted,
        data_files=tuple(data_files),
        checksums=checksums,
        md5s=md5s,
        triggers=tuple(triggers),
        manifest=listed_by_path.get(MANIFEST),
        marker=listed_by_path.get(MARKER),
    )


def nfc(path: str) -> str:
    """Return the form in which paths are compared: macOS uploads names in NFD."""
    return unicodedata.normalize("NFC", path)


def _path_in_dump(location: DumpLocation, path: str) -> str | None:
    folder = f"{location.folder}/" if location.folder else ""
    inner = path.removeprefix(folder)
    if not location.name_prefix:
        return inner
    if not inner.startswith(location.name_prefix):
        return None
    rest = inner.removeprefix(location.name_prefix)
    return rest if rest in (MANIFEST, MARKER) else inner


def fingerprint_of(files: Iterable[RemoteFile], remark: str = "") -> str:
    """Return the hash of a listing: of each path, size, time and ETag, and of the remark."""
    facts = [(file.path, file.bytes, file.modified_at.isoformat(), file.etag) for file in files]
    return hashlib.sha256(json.dumps([facts, remark]).encode()).hexdigest()


def _newest(listed: list[ListedFile]) -> datetime | None:
    return max((file.remote.modified_at for file in listed), default=None)
