"""Which days have a dump, in few listings: what a sensor looks at.

Put here the look from outside, which reads no file. Asking for runs is the sensor's work (`cdp_etl.defs`).
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cdp_etl.landing.dump.completeness import is_long_still, require_no_lone_checksum, signal
from cdp_etl.landing.dump.listing import Listing, fingerprint_of, judge_listing, list_place
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.transfer.download import each
from cdp_etl.landing.zones.path_template import DumpPlace
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.zone import Zone


@dataclass(frozen=True)
class FoundDump:
    """A dump as a zone lists it.

    `listing_fingerprint` changes with every path, size, time or ETag in it. `ready_by` is the sign of
    completeness that was given, `settled` where there is none but the newest file is old enough to be taken
    for still, and None where only time can tell. `awaited` names what has not come yet; `refused` says why a
    pull of it as it is would be refused.
    """

    entity: str
    dump_date: date
    listing_fingerprint: str
    files: int
    bytes: int
    newest_at: datetime | None
    ready_by: ReadyBy | None
    awaited: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Sighting:
    """When a listing was first seen: what a sensor keeps of a dump that is not ready yet."""

    listing_fingerprint: str
    first_seen_at: datetime


def discover(zone: Zone, entity: str, dates: Iterable[date], *, stability_seconds: float = 0) -> list[FoundDump]:
    """Look for dumps of an entity at the given dates: one listing a date, one in all for a flat folder.

    Gives the dumps that are there, by date; a date without files is left out.

    Raises:
        ZoneUnreachableError, ZoneConfigError: the zone could not be listed.
    """
    return asyncio.run(_discover(zone, entity, sorted(set(dates)), stability_seconds))


def has_stood_still(
    found: FoundDump, earlier: Sighting | None, stability_seconds: float, now: datetime
) -> tuple[bool, Sighting]:
    """Judge a dump over two looks, without waiting in between.

    Gives whether it may be asked for now, and the sighting to keep until the next look. A dump with a sign of
    completeness may be at once. One that would be refused may be too, once it stands still: the run says so
    in the ledger. One that awaits a file may not.
    """
    same = earlier is not None and earlier.listing_fingerprint == found.listing_fingerprint
    sighting = earlier if same and earlier else Sighting(found.listing_fingerprint, now)
    if found.awaited is not None:
        return False, sighting
    waited = now - sighting.first_seen_at >= timedelta(seconds=stability_seconds)
    return found.ready_by is not None or waited, sighting


async def _discover(zone: Zone, entity: str, dates: Sequence[date], stability_seconds: float) -> list[FoundDump]:
    places = {dump_date: zone.template.place(entity, dump_date) for dump_date in dates}
    async with zone.session() as session:
        listed = await _list_folders(session, zone, places.values())
    now = datetime.now(UTC)
    found = [
        describe(entity, dump_date, place, listed[place.folder], stability_seconds, now)
        for dump_date, place in places.items()
    ]
    return [one for one in found if one is not None]


async def _list_folders(
    session: Session, zone: Zone, places: Iterable[DumpPlace]
) -> dict[str, list[RemoteFile] | DumpRefusedError]:
    deep = {place.folder: not place.name_prefix for place in places}
    listed: dict[str, list[RemoteFile] | DumpRefusedError] = {}

    async def look(folder: str) -> None:
        try:
            listed[folder] = await list_place(session, zone, folder, deep=deep[folder])
        except DumpRefusedError as error:
            listed[folder] = error

    await each(deep, look, at_a_time=zone.parallel_files)
    return listed


def describe(  # noqa: PLR0913, PLR0917 - one look, with all that bears on it
    entity: str,
    dump_date: date,
    place: DumpPlace,
    listed: list[RemoteFile] | DumpRefusedError,
    stability_seconds: float,
    now: datetime,
) -> FoundDump | None:
    """Say what a listing means for one dump; None where nothing was delivered."""
    if isinstance(listed, DumpRefusedError):
        return _refused(entity, dump_date, [], listed)
    try:
        listing = judge_listing(place, listed)
    except DumpRefusedError as error:
        return _refused(entity, dump_date, listed, error)
    if listing.is_empty():
        return None
    return FoundDump(
        entity=entity,
        dump_date=dump_date,
        listing_fingerprint=listing.fingerprint,
        files=len(listing.data),
        bytes=listing.bytes,
        newest_at=listing.newest_at,
        ready_by=_ready_by(listing, stability_seconds, now),
        awaited=_awaited(listing),
    )


def _refused(entity: str, dump_date: date, listed: list[RemoteFile], error: DumpRefusedError) -> FoundDump:
    return FoundDump(
        entity=entity,
        dump_date=dump_date,
        listing_fingerprint=fingerprint_of(listed, str(error)),
        files=len(listed),
        bytes=sum(file.bytes for file in listed),
        newest_at=max((file.modified_at for file in listed), default=None),
        ready_by=None,
        refused=str(error),
    )


def _ready_by(listing: Listing, stability_seconds: float, now: datetime) -> ReadyBy | None:
    return signal(listing) or ("settled" if is_long_still(listing, stability_seconds, now) else None)


def _awaited(listing: Listing) -> str | None:
    try:
        require_no_lone_checksum(listing)
    except DumpNotCompleteError as error:
        return str(error)
    return None
