"""Which dumps have arrived, changed or not got through: what the zone offers against archive and ledger.

Put here the comparison, and what is kept from one look to the next. When to look, and how a run is asked for,
stands in `new_dumps.py`; nothing here knows Dagster.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl
from pydantic import TypeAdapter

from cdp_etl.contract.entity import Entity
from cdp_etl.landing import (
    FoundDump,
    Sighting,
    ZoneConfigError,
    ZoneUnreachableError,
    discover,
    has_stood_still,
    latest_pull,
)
from cdp_etl.settings import Settings

MOST_ATTEMPTS = 3
"""A delivery that does not get through is asked for this often, then no more until it changes."""

_MOST_OLDER_DAYS = 31


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for a day: the deliveries, by one hash, and how often."""

    deliveries: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept from one look to the next; days that are no longer looked at are forgotten.

    Attributes:
        asked: What was asked for, by day.
        sightings: When the listing of a dump without a sign of completeness was first seen, by entity and day.
    """

    asked: Mapping[str, Asked] = field(default_factory=dict)
    sightings: Mapping[str, Sighting] = field(default_factory=dict)


_memory = TypeAdapter(Memory)


def read_memory(text: str | None) -> Memory:
    """Read what `write_memory` gave; nothing where there is none."""
    return _memory.validate_json(text) if text else Memory()


def write_memory(memory: Memory) -> str:
    """Give the memory as text."""
    return _memory.dump_json(memory).decode()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A day of which dumps are to be loaded.

    Attributes:
        day: The dump date.
        entities: Whose dumps.
        asked: The deliveries, and the number of this attempt.
    """

    day: date
    entities: tuple[str, ...]
    asked: Asked


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the zones found.

    Attributes:
        found: The dumps that are there.
        faults: Why a zone could not be looked at, in sentences.
    """

    found: tuple[FoundDump, ...]
    faults: tuple[str, ...]


def days_to_look_at(ledger: pl.DataFrame, today: date, lookback: Iterable[date]) -> list[date]:
    """Give the days worth a listing: the last few, and older ones that were tried and are not loaded."""
    recent = set(lookback)
    if ledger.is_empty():
        return sorted(recent)
    open_days = ledger.filter(
        pl.col("status").is_in(["failed", "refused", "empty"]) & (pl.col("dump_date") <= today)
    )
    older = sorted(set(open_days["dump_date"].to_list()) - recent)
    return sorted(recent | set(older[-_MOST_OLDER_DAYS:]))


def look(settings: Settings, entities: Collection[Entity], days: Collection[date]) -> Look:
    """List what is there: one listing for each entity and day. A zone that does not answer hides no other."""
    found: list[FoundDump] = []
    faults: list[str] = []
    for entity in entities:
        try:
            found += discover(settings.zone(entity), entity.name, days, settle_seconds=settings.settle_seconds)
        except (ZoneUnreachableError, ZoneConfigError) as error:
            faults.append(f"{entity.name}: {error}")
    return Look(tuple(found), tuple(faults))


def arrivals(  # noqa: PLR0913 - what is offered, known, remembered, at work, and the time
    settings: Settings,
    found: Iterable[FoundDump],
    ledger: pl.DataFrame,
    before: Memory,
    *,
    at_work: Collection[date],
    now: datetime,
) -> tuple[list[Arrival], Memory]:
    """Say which days are to be loaded, and what to keep until the next look; a day at work is left alone."""
    status = {(row["entity"], row["dump_date"]): row["status"] for row in ledger.to_dicts()}
    asked = {key: kept for key, kept in before.asked.items() if date.fromisoformat(key) in at_work}
    sightings: dict[str, Sighting] = {}
    wanted: dict[date, list[FoundDump]] = {}
    for dump in found:
        place = f"{dump.entity} {dump.dump_date}"
        is_ready, sighting = has_stood_still(dump, before.sightings.get(place), settings.settle_seconds, now)
        if dump.ready_by is None:
            sightings[place] = sighting
        if not is_ready or dump.dump_date in at_work:
            continue
        if not _is_settled(settings, dump, status.get((dump.entity.replace("-", "_"), dump.dump_date))):
            wanted.setdefault(dump.dump_date, []).append(dump)
    due = []
    for day, dumps in sorted(wanted.items()):
        attempt = _attempt(before.asked.get(day.isoformat()), dumps)
        asked[day.isoformat()] = attempt
        if attempt.attempts <= MOST_ATTEMPTS:
            due.append(Arrival(day, tuple(dump.entity for dump in dumps), attempt))
    return due, Memory(asked, sightings)


def _is_settled(settings: Settings, dump: FoundDump, status: str | None) -> bool:
    """Tell whether this very listing was pulled, and loaded or refused for what is in it."""
    pulled = latest_pull(settings.archive, dump.entity, dump.dump_date)
    is_same = pulled is not None and pulled.listing_fingerprint == dump.listing_fingerprint
    return is_same and status in {"loaded", "unchanged", "refused"}


def _attempt(before: Asked | None, dumps: Iterable[FoundDump]) -> Asked:
    facts = sorted(f"{dump.entity}\0{dump.listing_fingerprint}" for dump in dumps)
    deliveries = hashlib.sha256("\0".join(facts).encode()).hexdigest()
    if before is None or before.deliveries != deliveries:
        return Asked(deliveries, 1)
    return Asked(deliveries, min(before.attempts, MOST_ATTEMPTS) + 1)
