"""What a zone offers as one dump: names judged, sorted into data and companions, with one fingerprint.

Put here what can be said from a listing alone. Reading a file, the manifest too, is not done here.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from cdp_etl.contract.file_names import (
    MANIFEST,
    MARKER,
    Companion,
    DataFile,
    UnknownDumpFileError,
    classify,
    delivery_order,
    without_encryption,
)
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.zones.path_safety import require_distinct, require_safe_path
from cdp_etl.landing.zones.path_template import DumpPlace
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.zone import Zone


@dataclass(frozen=True)
class Offered:
    """A file of a dump: `path` is relative to the dump, `remote` is where it lies in the zone."""

    path: str
    remote: RemoteFile


@dataclass(frozen=True)
class Listing:
    """One dump as its zone lists it.

    `offered` is everything, `data` the data files, both in the order of delivery. `checksums` maps a data
    file's path to its `.sha256` companion.
    `fingerprint` covers path, size, time and ETag of every file, those still being written included: as long
    as it stands still, nothing moves.
    """

    offered: tuple[Offered, ...]
    data: tuple[Offered, ...]
    checksums: dict[str, Offered]
    manifest: Offered | None
    marker: Offered | None
    fingerprint: str
    newest_at: datetime | None

    @property
    def bytes(self) -> int:
        """Bytes of the data files, as listed."""
        return sum(offered.remote.bytes for offered in self.data)

    def is_empty(self) -> bool:
        """Say whether nothing was delivered: no data, and no manifest that says there is none."""
        return not self.data and self.manifest is None


async def list_dump(session: Session, zone: Zone, entity: str, dump_date: date) -> Listing:
    """List one dump, and nothing but its own folder.

    Raises:
        DumpRefusedError: a name is dangerous or says no known format.
        ZoneUnreachableError, ZoneConfigError: the zone could not be listed.
    """
    place = zone.template.place(entity, dump_date)
    return judge_listing(place, await list_place(session, zone, place.folder, deep=not place.name_prefix))


async def list_place(session: Session, zone: Zone, folder: str, *, deep: bool) -> list[RemoteFile]:
    """List a folder, trying again what may pass."""
    files: list[RemoteFile] = []
    async for attempt in zone.retry.retrying():
        with attempt:
            files = await session.list_folder(folder, deep=deep)
    return files


def judge_listing(place: DumpPlace, files: Iterable[RemoteFile]) -> Listing:
    """Sort a folder's files into the parts of the dump at `place`; others in a flat folder are passed over.

    Raises:
        DumpRefusedError: a name is dangerous or says no known format.
    """
    offered = [Offered(path, file) for file in files if (path := _path_in_dump(place, file.path)) is not None]
    offered.sort(key=lambda one: delivery_order(one.path))
    for one in offered:
        require_safe_path(one.path)
    fingerprint = fingerprint_of([replace(one.remote, path=one.path) for one in offered])
    empty = Listing(tuple(offered), (), {}, None, None, fingerprint, _newest(offered))
    data: list[Offered] = []
    checksums: dict[str, Offered] = {}
    for one in offered:
        try:
            kind = classify(one.path)
        except UnknownDumpFileError as error:
            raise DumpRefusedError(str(error)) from error
        if isinstance(kind, DataFile):
            data.append(one)
        elif isinstance(kind, Companion) and kind.of is not None:
            checksums[kind.of] = one
    require_distinct((one.path, without_encryption(one.path)) for one in data)
    by_path = {one.path: one for one in offered}
    return replace(
        empty,
        data=tuple(data),
        checksums=checksums,
        manifest=by_path.get(MANIFEST),
        marker=by_path.get(MARKER),
    )


def _path_in_dump(place: DumpPlace, path: str) -> str | None:
    start = f"{place.folder}/" if place.folder else ""
    inner = path.removeprefix(start)
    if not place.name_prefix:
        return inner
    if not inner.startswith(place.name_prefix):
        return None
    rest = inner.removeprefix(place.name_prefix)
    return rest if rest in (MANIFEST, MARKER) else inner


def fingerprint_of(files: Iterable[RemoteFile], remark: str = "") -> str:
    """Give one value for what a server lists: it changes with any path, size, time, ETag, and the remark."""
    facts = [(file.path, file.bytes, file.modified_at.isoformat(), file.etag) for file in files]
    return hashlib.sha256(json.dumps([facts, remark]).encode()).hexdigest()


def _newest(offered: list[Offered]) -> datetime | None:
    return max((one.remote.modified_at for one in offered), default=None)
