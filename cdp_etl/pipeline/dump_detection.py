"""Detection of dumps to load: compares the zones' listings with the raw archive and the ledger.

The sensor `new_dumps` calls this module, stores its cursor and requests the runs.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, Self

import polars as pl
from pydantic import Field, TypeAdapter

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.landing import (
    DiscoveredDump,
    FirstSeen,
    LandingError,
    RetryPolicy,
    ZoneConfigError,
    ZoneUnreachableError,
    check_stability,
    discover,
    latest_pull,
)
from cdp_etl.settings import Settings

MAX_ATTEMPTS = 8
"""Number of runs requested for one delivery, over about half a day. A changed delivery starts over."""

SCAN_SECONDS = 40.0
"""Longest scan of a zone. Dagster ends the tick of a sensor after 60 s."""

_FIRST_WAIT = timedelta(minutes=5)
_MAX_OPEN_DATES = 31
_LOADED_DATES_PER_SCAN = 7
_NO_RETRY = RetryPolicy(attempts=1)  # the next scan is the next attempt


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """The newest request to load a date. Aliases are the stored JSON keys.

    Attributes:
        delivery_hash: Hash of the listings that are to be loaded.
        attempts: Number of requests for these listings.
        requested_at: Time of the newest request.
    """

    delivery_hash: Annotated[str, Field(alias="deliveries")]
    attempts: int
    requested_at: Annotated[datetime, Field(alias="at")]

    def is_retry_due(self, now: datetime) -> bool:
        """Return whether the load is to be requested again. The wait doubles with each attempt."""
        has_waited = now - self.requested_at >= _FIRST_WAIT * 2 ** (self.attempts - 1)
        return self.attempts < MAX_ATTEMPTS and has_waited


@dataclass(frozen=True, slots=True)
class SensorCursor:
    """State between two scans. Dates that are loaded or no longer scanned are dropped.

    The aliases are the stored JSON keys.

    Attributes:
        requests: Newest request by dump date, with the name of the zone after it unless it is the common one.
        first_seen: Time at which a listing was first seen, by entity and dump date. Contains the dumps that are
            neither loaded nor known to be complete.
        last_rescanned: Newest of the older loaded dates that were scanned last; the next scan continues after it.
    """

    requests: Annotated[Mapping[str, LoadRequest], Field(alias="asked")] = field(default_factory=dict)
    first_seen: Annotated[Mapping[str, FirstSeen], Field(alias="sightings")] = field(default_factory=dict)
    last_rescanned: Annotated[date | None, Field(alias="looked_through")] = None

    @classmethod
    def from_json(cls, text: str | None) -> Self:
        """Parse the result of `to_json`; return an empty cursor for None."""
        return _cursor.validate_json(text) if text else cls()

    def to_json(self) -> str:
        """Return the cursor as JSON."""
        return _cursor.dump_json(self, exclude_none=True, by_alias=True).decode()


_cursor: TypeAdapter[Any] = TypeAdapter(SensorCursor)


@dataclass(frozen=True, slots=True)
class DueLoad:
    """Dumps of one date that are to be loaded now.

    Attributes:
        dump_date: The date.
        entities: Names of the entities; all have the same landing zone.
        request: The deliveries and the number of this attempt.
    """

    dump_date: date
    entities: tuple[str, ...]
    request: LoadRequest


@dataclass(frozen=True, slots=True)
class ZoneScan:
    """Result of one scan of the zones.

    Attributes:
        dumps: The dumps found.
        errors: A sentence for each zone that could not be listed.
    """

    dumps: tuple[DiscoveredDump, ...]
    errors: tuple[str, ...]


def dates_to_scan(
    settings: Settings, ledger: pl.DataFrame, recent: Collection[date], last_rescanned: date | None
) -> tuple[list[date], date | None]:
    """Return the dump dates to scan, a bounded number, and the new value of `last_rescanned`.

    The dates are:
    - the recent ones,
    - the newest of the older ones with an expected dump that is not loaded,
    - a few of the older loaded ones in turn, so that a late correction is found in the end.
    """
    older = ledger.filter(pl.col("dump_date") < min(recent))
    open_dates = _open_dates(settings, older, min(recent))
    loaded_dates = sorted(set(older["dump_date"].to_list()) - open_dates)
    following = [day for day in loaded_dates if last_rescanned is None or day > last_rescanned]
    rescanned = (following or loaded_dates)[:_LOADED_DATES_PER_SCAN]
    dates = sorted({*recent, *sorted(open_dates)[-_MAX_OPEN_DATES:], *rescanned})
    return dates, rescanned[-1] if rescanned else None


def _open_dates(settings: Settings, older: pl.DataFrame, end: date) -> set[date]:
    """Return the dates before `end` with a failed, refused or missing dump.

    A date without any attempt counts as missing from the first date of the entity in the ledger. Such dates exist
    after the daemon was down for longer than the days that are looked back.
    """
    dates = set(older.filter(pl.col("status").is_in(["failed", "refused"]))["dump_date"].to_list())
    for entity in ENTITIES:
        rows = older.filter(pl.col("entity") == entity.table)
        if rows.is_empty():
            continue
        delivered = set(rows.filter(pl.col("status") != "missing")["dump_date"].to_list())
        first: date = min(rows["dump_date"].to_list())
        dates |= set(settings.calendar(entity).expected(first, end - timedelta(days=1))) - delivered
    return dates


def scan_zones(settings: Settings, entities: Collection[Entity], dates: Collection[date]) -> ZoneScan:
    """List the dumps of the given entities and dates. A slow or unreachable zone does not affect the others."""
    by_zone: dict[str | None, list[Entity]] = {}
    for entity in entities:
        by_zone.setdefault(settings.zone_name(entity), []).append(entity)
    with ThreadPoolExecutor(max(len(by_zone), 1), thread_name_prefix="scan") as threads:
        scans = list(threads.map(lambda zone: _scan_zone(settings, zone, dates), by_zone.values()))
    return ZoneScan(
        tuple(dump for scan in scans for dump in scan.dumps),
        tuple(error for scan in scans for error in scan.errors),
    )


def _scan_zone(settings: Settings, entities: Collection[Entity], dates: Collection[date]) -> ZoneScan:
    """List the dumps of the entities of one zone; its first error ends the scan."""
    dumps: list[DiscoveredDump] = []
    end = monotonic() + SCAN_SECONDS
    for entity in entities:
        zone = replace(settings.zone(entity), retry=_NO_RETRY)
        try:
            dumps += discover(
                zone,
                entity.name,
                dates,
                stability_seconds=settings.stability_seconds,
                timeout_seconds=max(end - monotonic(), 0),
            )
        except (ZoneUnreachableError, ZoneConfigError) as error:
            return ZoneScan(tuple(dumps), (str(error),))
    return ZoneScan(tuple(dumps), ())


def find_due_loads(  # noqa: PLR0913 - all inputs of one decision
    settings: Settings,
    scan: ZoneScan,
    ledger: pl.DataFrame,
    cursor: SensorCursor,
    *,
    running: Collection[tuple[str, date]],
    now: datetime,
) -> tuple[list[DueLoad], SensorCursor]:
    """Return the loads to request now, and the cursor for the next scan.

    Args:
        settings: Settings of the installation.
        scan: Dumps in the zones.
        ledger: Newest attempt of each dump.
        cursor: State after the previous scan.
        running: Entity (table) and date of dumps that a run is loading. Nothing is requested for their zone and
            date.
        now: Time of the scan.
    """
    busy = {_request_key(settings, entity, day) for entity, day in running}
    attempts = {(row["entity"], row["dump_date"]): row for row in ledger.to_dicts()}
    # After an error the scan lacks some dumps, and the result of a running load is unknown: keep what is known.
    requests = {key: request for key, request in cursor.requests.items() if scan.errors or key in busy}
    first_seen: dict[str, FirstSeen] = dict(cursor.first_seen) if scan.errors else {}
    ready: dict[tuple[date, str], list[DiscoveredDump]] = {}
    for dump in scan.dumps:
        key = f"{dump.entity} {dump.dump_date}"
        if _is_processed(settings, dump, attempts.get((BY_NAME[dump.entity].table, dump.dump_date))):
            first_seen.pop(key, None)
            continue
        is_ready, seen = check_stability(dump, cursor.first_seen.get(key), settings.stability_seconds, now)
        if dump.ready_by is None:
            first_seen[key] = seen
        request_key = _request_key(settings, BY_NAME[dump.entity].table, dump.dump_date)
        if is_ready and request_key not in busy:
            ready.setdefault((dump.dump_date, request_key), []).append(dump)
    due = []
    for (day, request_key), dumps in sorted(ready.items()):
        previous = cursor.requests.get(request_key)
        request = _next_request(previous, dumps, now)
        requests[request_key] = request
        if request != previous:
            due.append(DueLoad(day, tuple(dump.entity for dump in dumps), request))
    return due, replace(cursor, requests=requests, first_seen=first_seen)


def _request_key(settings: Settings, table: str, day: date) -> str:
    """Return the key of the request for a date and the zone of an entity: each zone has requests of its own."""
    zone = settings.zone_name(next(entity for entity in ENTITIES if entity.table == table))
    return day.isoformat() if zone is None else f"{day.isoformat()} {zone}"


def _is_processed(settings: Settings, dump: DiscoveredDump, attempt: Mapping[str, Any] | None) -> bool:
    """Return whether this listing was pulled and afterwards loaded or refused.

    An attempt that ended before the pull is no evidence: a run may have been killed after the pull. If the archive
    no longer has the pull, a dump counts as processed if no file is newer than the load.
    """
    if attempt is None:
        return False
    loaded_at = attempt["loaded_finished_at"]
    try:
        pull = latest_pull(settings.archive, dump.entity, dump.dump_date)
    except LandingError:  # the requested run records this error in the ledger
        return False
    if pull is None:
        return loaded_at is not None and (dump.newest_at is None or dump.newest_at <= loaded_at)
    if pull.listing_fingerprint != dump.listing_fingerprint:
        return False
    if loaded_at is not None and loaded_at >= pull.pulled_at:
        return True
    is_final = attempt["status"] in {"loaded", "unchanged", "refused"}
    return is_final and bool(attempt["finished_at"] >= pull.pulled_at)


def _next_request(previous: LoadRequest | None, dumps: Iterable[DiscoveredDump], now: datetime) -> LoadRequest:
    """Return the request that is due now, or the previous one if none is due."""
    listings = sorted(f"{dump.entity}\0{dump.listing_fingerprint}" for dump in dumps)
    delivery_hash = hashlib.sha256("\0".join(listings).encode()).hexdigest()[:16]
    if previous is None or previous.delivery_hash != delivery_hash:
        return LoadRequest(delivery_hash, 1, now)
    return LoadRequest(delivery_hash, previous.attempts + 1, now) if previous.is_retry_due(now) else previous
