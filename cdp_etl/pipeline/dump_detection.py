"""Which dumps have arrived, changed or not got through: what the zone offers against archive and ledger.

Put here the comparison, and what is kept from one look to the next. When to look, and how a run is asked for,
stands in `new_dumps.py`; nothing here knows Dagster.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.landing import (
    FoundDump,
    LandingError,
    RetryPolicy,
    Sighting,
    ZoneConfigError,
    ZoneUnreachableError,
    discover,
    has_stood_still,
    latest_pull,
)
from cdp_etl.settings import Settings

MOST_ATTEMPTS = 8
"""A delivery that does not get through is asked for this often, over half a day, then no more until it changes."""

_FIRST_WAIT = timedelta(minutes=5)
_MOST_OPEN_DAYS = 31
_LOADED_DAYS_A_LOOK = 7
_ONE_ATTEMPT = RetryPolicy(attempts=1)  # the next look is the next attempt


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for a day: the deliveries, by one hash, how often, and when last."""

    deliveries: str
    attempts: int
    at: datetime

    def is_due_again(self, now: datetime) -> bool:
        """Tell whether to try once more; the waits double."""
        waited = now - self.at >= _FIRST_WAIT * 2 ** (self.attempts - 1)
        return self.attempts < MOST_ATTEMPTS and waited


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept from one look to the next; days that are done or no longer looked at are forgotten.

    Attributes:
        asked: What was asked for, by day.
        sightings: When the listing of a dump that is not loaded and bears no sign of completeness was first seen,
            by entity and day.
        looked_through: The last of the older, loaded days that a look has come to; the next goes on behind it.
    """

    asked: Mapping[str, Asked] = field(default_factory=dict)
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    looked_through: date | None = None


_memory = TypeAdapter(Memory)


def read_memory(text: str | None) -> Memory:
    """Read what `write_memory` gave; nothing where there is none."""
    return _memory.validate_json(text) if text else Memory()


def write_memory(memory: Memory) -> str:
    """Give the memory as text."""
    return _memory.dump_json(memory, exclude_none=True).decode()


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


def days_to_look_at(
    settings: Settings, ledger: pl.DataFrame, recent: Collection[date], looked_through: date | None
) -> tuple[list[date], date | None]:
    """Give the days worth a listing, a bounded number, and the last of the older ones that are loaded.

    These are the recent days, older ones of which a dump is expected and not loaded (the newest of them), and of
    the older ones that are loaded a few at a time, in turn: a correction of last month is found too, only later.
    """
    older = ledger.filter(pl.col("dump_date") < min(recent))
    open_days = _open_days(settings, older, min(recent))
    loaded_days = sorted(set(older["dump_date"].to_list()) - open_days)
    ahead = [day for day in loaded_days if looked_through is None or day > looked_through]
    in_turn = (ahead or loaded_days)[:_LOADED_DAYS_A_LOOK]
    days = sorted({*recent, *sorted(open_days)[-_MOST_OPEN_DAYS:], *in_turn})
    return days, in_turn[-1] if in_turn else None


def _open_days(settings: Settings, older: pl.DataFrame, end: date) -> set[date]:
    """Give the days before `end` of which the ledger lacks a dump: it failed, or is expected and was not there.

    What was never tried counts from an entity's first day in the ledger on: a daemon that was down for longer
    than the days looked back leaves such days (RULINGS 24).
    """
    days = set(older.filter(pl.col("status").is_in(["failed", "refused"]))["dump_date"].to_list())
    for entity in ENTITIES:
        rows = older.filter(pl.col("entity") == entity.table)
        if rows.is_empty():
            continue
        there = set(rows.filter(pl.col("status") != "empty")["dump_date"].to_list())
        first: date = min(rows["dump_date"].to_list())
        days |= set(settings.calendar(entity).expected(first, end - timedelta(days=1))) - there
    return days


def look(settings: Settings, entities: Collection[Entity], days: Collection[date]) -> Look:
    """List what is there: one listing for each entity and day. A zone that does not answer hides no other."""
    found: list[FoundDump] = []
    faults: dict[str, str] = {}
    for entity in entities:
        zone = replace(settings.zone(entity), retry=_ONE_ATTEMPT)
        if zone.label in faults:  # a look must be short, and the zone was waited for already
            continue
        try:
            found += discover(zone, entity.name, days, stability_seconds=settings.stability_seconds)
        except (ZoneUnreachableError, ZoneConfigError) as error:
            faults[zone.label] = str(error)
    return Look(tuple(found), tuple(faults.values()))


def arrivals(  # noqa: PLR0913 - what is offered, known, remembered, at work, and the time
    settings: Settings,
    seen: Look,
    ledger: pl.DataFrame,
    before: Memory,
    *,
    at_work: Collection[date],
    now: datetime,
) -> tuple[list[Arrival], Memory]:
    """Say which days are to be loaded, and what to keep until the next look; a day at work is left alone."""
    known = {(row["entity"], row["dump_date"]): row for row in ledger.to_dicts()}
    # Of a zone that was not seen nothing new is known, and of a day at work not yet.
    asked = {day: kept for day, kept in before.asked.items() if seen.faults or date.fromisoformat(day) in at_work}
    sightings: dict[str, Sighting] = dict(before.sightings) if seen.faults else {}
    wanted: dict[date, list[FoundDump]] = {}
    for dump in seen.found:
        place = f"{dump.entity} {dump.dump_date}"
        if _is_settled(settings, dump, known.get((BY_NAME[dump.entity].table, dump.dump_date))):
            sightings.pop(place, None)
            continue
        is_ready, sighting = has_stood_still(dump, before.sightings.get(place), settings.stability_seconds, now)
        if dump.ready_by is None:
            sightings[place] = sighting
        if is_ready and dump.dump_date not in at_work:
            wanted.setdefault(dump.dump_date, []).append(dump)
    due = []
    for day, dumps in sorted(wanted.items()):
        earlier = before.asked.get(day.isoformat())
        attempt = _attempt(earlier, dumps, now)
        asked[day.isoformat()] = attempt
        if attempt != earlier:
            due.append(Arrival(day, tuple(dump.entity for dump in dumps), attempt))
    return due, replace(before, asked=asked, sightings=sightings)


def _is_settled(settings: Settings, dump: FoundDump, known: Mapping[str, Any] | None) -> bool:
    """Tell whether this very listing was pulled, and then loaded, or refused for what is in it.

    What was loaded or refused before that pull says nothing of it: a run may have been killed in between. Where
    the archive was pruned since, a dump is settled if no file of it is newer than the load.
    """
    if known is None:
        return False
    loaded_at = known["loaded_finished_at"]
    try:
        pulled = latest_pull(settings.archive, dump.entity, dump.dump_date)
    except LandingError:  # the run that is asked for says so, in the ledger
        return False
    if pulled is None:
        return loaded_at is not None and (dump.newest_at is None or dump.newest_at <= loaded_at)
    if pulled.listing_fingerprint != dump.listing_fingerprint:
        return False
    if loaded_at is not None and loaded_at >= pulled.pulled_at:
        return True
    is_judged = known["status"] in {"loaded", "unchanged", "refused"}
    return is_judged and bool(known["finished_at"] >= pulled.pulled_at)


def _attempt(earlier: Asked | None, dumps: Iterable[FoundDump], now: datetime) -> Asked:
    """Give the attempt that is due, or the earlier one where none is."""
    facts = sorted(f"{dump.entity}\0{dump.listing_fingerprint}" for dump in dumps)
    deliveries = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
    if earlier is None or earlier.deliveries != deliveries:
        return Asked(deliveries, 1, now)
    return Asked(deliveries, earlier.attempts + 1, now) if earlier.is_due_again(now) else earlier
