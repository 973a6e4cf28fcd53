"""Probe of landing zones: whether each zone answers, and which of its dumps are ready, without pulling anything.

`cdp-etl landing check` prints the result; with `--json` the field names below are its keys.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from cdp_etl.landing.archive import DumpArchive
from cdp_etl.landing.dump.completeness import is_stable_by_age, readiness_signal, require_no_orphan_checksum
from cdp_etl.landing.dump.listing import Listing, list_dump
from cdp_etl.landing.dump.manifest import MAX_MANIFEST_BYTES, parse_manifest, require_listed
from cdp_etl.landing.errors import DumpNotCompleteError, DumpRefusedError, ZoneConfigError, ZoneUnreachableError
from cdp_etl.landing.models import ReadyBy
from cdp_etl.landing.transfer.download import read_small
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.zone import Zone

DumpState = Literal["ready", "unchanged", "not ready", "refused", "nothing there"]


@dataclass(frozen=True)
class DumpProbe:
    """State of one dump in its zone.

    `unchanged` means that the newest pull has the same listing. `why` is a sentence that explains the state.
    """

    dump_date: date
    state: DumpState
    why: str
    files: int = 0
    bytes: int = 0
    newest_at: datetime | None = None
    ready_by: ReadyBy | None = None


@dataclass(frozen=True)
class ZoneProbe:
    """Result for the zone of one entity. `fault` is the reason why the zone cannot be listed."""

    entity: str
    zone: str
    fault: str | None
    dumps: tuple[DumpProbe, ...]


def probe_zones(
    zones: Mapping[str, Zone], dates: Sequence[date], archive: Path, *, stability_seconds: float = 0
) -> list[ZoneProbe]:
    """Probe the zone of each entity for dumps of the given dates.

    An unreachable zone is part of the result, not an error.
    """
    return asyncio.run(_probe_all(zones, dates, archive, stability_seconds))


async def _probe_all(
    zones: Mapping[str, Zone], dates: Sequence[date], archive: Path, stability_seconds: float
) -> list[ZoneProbe]:
    return [await _probe(entity, zone, dates, archive, stability_seconds) for entity, zone in zones.items()]


async def _probe(
    entity: str, zone: Zone, dates: Sequence[date], archive: Path, stability_seconds: float
) -> ZoneProbe:
    dumps: list[DumpProbe] = []
    try:
        async with zone.session() as session:
            for dump_date in dates:
                archived = DumpArchive(archive, entity, dump_date)
                dumps.append(await _probe_dump(session, zone, archived, (entity, dump_date), stability_seconds))
    except (ZoneConfigError, ZoneUnreachableError) as error:
        return ZoneProbe(entity, zone.label, str(error), ())
    return ZoneProbe(entity, zone.label, None, tuple(dumps))


async def _probe_dump(
    session: Session, zone: Zone, archived: DumpArchive, dump: tuple[str, date], stability_seconds: float
) -> DumpProbe:
    entity, dump_date = dump
    try:
        listing = await list_dump(session, zone, entity, dump_date)
        if listing.is_empty():
            return DumpProbe(dump_date, "nothing there", "the zone offers no data files")
        await _verify_manifest(session, zone, listing)
    except DumpRefusedError as error:
        return DumpProbe(dump_date, "refused", str(error))
    except DumpNotCompleteError as error:
        return DumpProbe(dump_date, "not ready", str(error))
    state, why = _state(listing, archived, stability_seconds)
    return DumpProbe(
        dump_date, state, why, len(listing.data_files), listing.bytes, listing.newest_at, readiness_signal(listing)
    )


async def _verify_manifest(session: Session, zone: Zone, listing: Listing) -> None:
    require_no_orphan_checksum(listing)
    if listing.manifest is not None:
        text = await read_small(session, zone.retry, listing.manifest, MAX_MANIFEST_BYTES)
        require_listed(parse_manifest(text), listing)


def _state(listing: Listing, archived: DumpArchive, stability_seconds: float) -> tuple[DumpState, str]:
    latest = archived.latest()
    if latest is not None and latest.listing_fingerprint == listing.fingerprint:
        return "unchanged", f"pulled at {latest.pulled_at:%Y-%m-%d %H:%M:%S} UTC"
    signal = readiness_signal(listing)
    if signal is not None:
        return "ready", f"has a {signal}"
    if is_stable_by_age(listing, stability_seconds, datetime.now(UTC)):
        return "ready", "no manifest or marker, but the files are stable"
    return (
        "not ready",
        f"no manifest or marker, and the newest file may have changed within {stability_seconds:g} s",
    )
