"""What an operator asks first of a new server: does it answer, what lies there, what is ready, and why not.

Put here the questions and the structured answer; printing it is the command line's work. Nothing is pulled.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from cdp_etl.landing.archive import DumpArchive
from cdp_etl.landing.dump.completeness import is_long_still, require_no_lone_checksum, signal
from cdp_etl.landing.dump.listing import Listing, list_dump
from cdp_etl.landing.dump.manifest import LARGEST_MANIFEST_BYTES, parse_manifest, require_listed
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError, ZoneConfigError, ZoneUnreachableError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.transfer.download import read_small
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.zone import Zone

DumpState = Literal["ready", "unchanged", "not ready", "refused", "nothing there"]


@dataclass(frozen=True)
class CheckedDump:
    """One dump, as it stands in the zone.

    `unchanged` means that the last pull took this very listing. `why` is a sentence for every state.
    """

    dump_date: date
    state: DumpState
    why: str
    files: int = 0
    bytes: int = 0
    newest_at: datetime | None = None
    ready_by: ReadyBy | None = None


@dataclass(frozen=True)
class CheckedZone:
    """One entity's zone. `fault` says why it could not be listed; then there are no dumps."""

    entity: str
    zone: str
    fault: str | None
    dumps: tuple[CheckedDump, ...]


def check_landing(
    zones: Mapping[str, Zone], dates: Sequence[date], archive: Path, *, stability_seconds: float = 0
) -> list[CheckedZone]:
    """Look into the zone of each entity for the dumps of the given dates.

    A fault of a zone is part of the answer, not an error.
    """
    return asyncio.run(_check_all(zones, dates, archive, stability_seconds))


async def _check_all(
    zones: Mapping[str, Zone], dates: Sequence[date], archive: Path, stability_seconds: float
) -> list[CheckedZone]:
    return [await _check(entity, zone, dates, archive, stability_seconds) for entity, zone in zones.items()]


async def _check(
    entity: str, zone: Zone, dates: Sequence[date], archive: Path, stability_seconds: float
) -> CheckedZone:
    dumps: list[CheckedDump] = []
    try:
        async with zone.session() as session:
            for dump_date in dates:
                known = DumpArchive(archive, entity, dump_date)
                dumps.append(await _check_dump(session, zone, known, (entity, dump_date), stability_seconds))
    except (ZoneConfigError, ZoneUnreachableError) as error:
        return CheckedZone(entity, zone.label, str(error), ())
    return CheckedZone(entity, zone.label, None, tuple(dumps))


async def _check_dump(
    session: Session, zone: Zone, known: DumpArchive, dump: tuple[str, date], stability_seconds: float
) -> CheckedDump:
    entity, dump_date = dump
    try:
        listing = await list_dump(session, zone, entity, dump_date)
        if listing.is_empty():
            return CheckedDump(dump_date, "nothing there", "no data files are offered")
        await _require_agreement(session, zone, listing)
    except DumpRefusedError as error:
        return CheckedDump(dump_date, "refused", str(error))
    except DumpNotCompleteError as error:
        return CheckedDump(dump_date, "not ready", str(error))
    state, why = _judge(listing, known, stability_seconds)
    return CheckedDump(dump_date, state, why, len(listing.data), listing.bytes, listing.newest_at, signal(listing))


async def _require_agreement(session: Session, zone: Zone, listing: Listing) -> None:
    require_no_lone_checksum(listing)
    if listing.manifest is not None:
        text = await read_small(session, zone.retry, listing.manifest, LARGEST_MANIFEST_BYTES)
        require_listed(parse_manifest(text), listing)


def _judge(listing: Listing, known: DumpArchive, stability_seconds: float) -> tuple[DumpState, str]:
    latest = known.latest()
    if latest is not None and latest.listing_fingerprint == listing.fingerprint:
        return "unchanged", f"pulled at {latest.pulled_at:%Y-%m-%d %H:%M:%S} UTC"
    given = signal(listing)
    if given is not None:
        return "ready", f"its {given} says so"
    if is_long_still(listing, stability_seconds, datetime.now(UTC)):
        return "ready", "neither manifest nor marker, but its files stand still"
    return (
        "not ready",
        f"neither manifest nor marker, and its newest file is not still for {stability_seconds:g} s",
    )
