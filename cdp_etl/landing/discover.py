"""Dump discovery: finds the dumps in a zone from listings alone, without reading files."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cdp_etl.landing.dump.completeness import is_stable_by_age, readiness_signal, require_no_orphan_checksum
from cdp_etl.landing.dump.listing import Listing, fingerprint_of, list_with_retry, parse_listing
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError, ZoneUnreachableError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.transfer.download import run_concurrently
from cdp_etl.landing.zones.path_template import DumpLocation
from cdp_etl.landing.zones.protocol import RemoteFile, Session
from cdp_etl.landing.zones.zone import Zone


@dataclass(frozen=True)
class DiscoveredDump:
    """A dump in a zone.

    Attributes:
        entity: Name of the entity.
        dump_date: Day of the dump.
        listing_fingerprint: Hash of the listing; changes with every path, size, time and ETag.
        files: Number of data files.
        bytes: Size of the data files.
        newest_at: Time of the newest change, in UTC.
        ready_by: Evidence that the dump is complete; None if later listings must show that it is stable.
        missing: Sentence about a file that has not been delivered yet.
        refusal: Reason why a pull of the dump would be refused.
    """

    entity: str
    dump_date: date
    listing_fingerprint: str
    files: int
    bytes: int
    newest_at: datetime | None
    ready_by: ReadyBy | None
    missing: str | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class FirstSeen:
    """Time at which a listing was first seen. The sensor stores it for each dump that is not ready yet."""

    listing_fingerprint: str
    first_seen_at: datetime


def discover(
    zone: Zone,
    entity: str,
    dates: Iterable[date],
    *,
    stability_seconds: float = 0,
    timeout_seconds: float | None = None,
) -> list[DiscoveredDump]:
    """Return the dumps of an entity at the given dates, in order of date. A date without files is left out.

    Costs one listing for each date, or a single one if all dumps are in one flat folder.

    Raises:
        ZoneUnreachableError: If the zone does not answer, or the listings take longer than `timeout_seconds`.
        ZoneConfigError: If the zone's address, credentials or permissions are wrong.
    """
    return asyncio.run(_discover(zone, entity, sorted(set(dates)), stability_seconds, timeout_seconds))


def check_stability(
    found: DiscoveredDump, earlier: FirstSeen | None, stability_seconds: float, now: datetime
) -> tuple[bool, FirstSeen]:
    """Return whether a dump can be loaded now, and the state to pass to the next call.

    A dump with evidence of completeness can be loaded at once. A dump without it can be loaded when its listing
    was unchanged for `stability_seconds`. This includes a dump that will be refused: the load then records the
    refusal in the ledger. A dump with a missing file cannot be loaded.
    """
    same = earlier is not None and earlier.listing_fingerprint == found.listing_fingerprint
    first_seen = earlier if same and earlier else FirstSeen(found.listing_fingerprint, now)
    if found.missing is not None:
        return False, first_seen
    is_stable = now - first_seen.first_seen_at >= timedelta(seconds=stability_seconds)
    return found.ready_by is not None or is_stable, first_seen


async def _discover(
    zone: Zone, entity: str, dates: Sequence[date], stability_seconds: float, timeout_seconds: float | None
) -> list[DiscoveredDump]:
    locations = {dump_date: zone.template.locate(entity, dump_date) for dump_date in dates}
    async with zone.session() as session:
        try:
            async with asyncio.timeout(timeout_seconds):
                listings = await _list_folders(session, zone, locations.values())
        except TimeoutError:
            fact = f"its listings take longer than {timeout_seconds:g} s"
            raise ZoneUnreachableError(f"landing zone {zone.label}: {fact}") from None
    now = datetime.now(UTC)
    found = [
        _describe(zone, entity, dump_date, location, listings[location.folder], stability_seconds, now)
        for dump_date, location in locations.items()
    ]
    return [dump for dump in found if dump is not None]


async def _list_folders(
    session: Session, zone: Zone, locations: Iterable[DumpLocation]
) -> dict[str, list[RemoteFile] | DumpRefusedError]:
    recursive = {location.folder: not location.name_prefix for location in locations}
    listings: dict[str, list[RemoteFile] | DumpRefusedError] = {}

    async def list_one(folder: str) -> None:
        try:
            listings[folder] = await list_with_retry(session, zone, folder, recursive=recursive[folder])
        except DumpRefusedError as error:
            listings[folder] = error

    await run_concurrently(recursive, list_one, max_concurrency=zone.parallel_files)
    return listings


def _describe(  # noqa: PLR0913, PLR0917 - all inputs of one result
    zone: Zone,
    entity: str,
    dump_date: date,
    location: DumpLocation,
    listed: list[RemoteFile] | DumpRefusedError,
    stability_seconds: float,
    now: datetime,
) -> DiscoveredDump | None:
    """Return the dump of a listing, or None if nothing was delivered."""
    if isinstance(listed, DumpRefusedError):
        return _refused(entity, dump_date, [], listed)
    try:
        listing = parse_listing(location, listed, zone.limits.files)
    except DumpRefusedError as error:
        return _refused(entity, dump_date, listed, error)
    if listing.is_empty():
        return None
    return DiscoveredDump(
        entity=entity,
        dump_date=dump_date,
        listing_fingerprint=listing.fingerprint,
        files=len(listing.data_files),
        bytes=listing.bytes,
        newest_at=listing.newest_at,
        ready_by=_ready_by(listing, stability_seconds, now),
        missing=_missing(listing),
    )


def _refused(entity: str, dump_date: date, listed: list[RemoteFile], error: DumpRefusedError) -> DiscoveredDump:
    return DiscoveredDump(
        entity=entity,
        dump_date=dump_date,
        listing_fingerprint=fingerprint_of(listed, str(error)),
        files=len(listed),
        bytes=sum(file.bytes for file in listed),
        newest_at=max((file.modified_at for file in listed), default=None),
        ready_by=None,
        refusal=str(error),
    )


def _ready_by(listing: Listing, stability_seconds: float, now: datetime) -> ReadyBy | None:
    return readiness_signal(listing) or ("settled" if is_stable_by_age(listing, stability_seconds, now) else None)


def _missing(listing: Listing) -> str | None:
    try:
        require_no_orphan_checksum(listing)
    except DumpNotCompleteError as error:
        return str(error)
    return None
