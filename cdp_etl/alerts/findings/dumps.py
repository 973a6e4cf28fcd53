"""Findings about dumps: what the ledger says was refused or not loaded, and what has not come by its deadline.

The ledger has every attempt, whoever made it: schedule, sensor, UI or command line. Put here what of it is worth a
person's attention.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from cdp_etl.alerts.findings.finding import Finding, Kind
from cdp_etl.alerts.message import RunLinks
from cdp_etl.contract.delivery_calendar import DeliveryCalendar
from cdp_etl.contract.entity import Entity

_PASSES_WITHIN = timedelta(minutes=15)
"""A load that failed is tried again by itself; what is still so after this long is told."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the dumps of an entity are to be there.

    Attributes:
        entity: Whose dumps.
        calendar: Of which days one is expected.
        after: How long after the beginning of its dump date one must be loaded, by the clock on the wall.
    """

    entity: Entity
    calendar: DeliveryCalendar
    after: timedelta


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which dumps are to be there by now.

    Attributes:
        deadlines: One an entity.
        first: The first dump date.
        lookback_days: For how many days back a dump is missed.
        timezone: In which a dump date begins.
    """

    deadlines: tuple[Deadline, ...]
    first: date
    lookback_days: int
    timezone: str

    def due(self, now: datetime) -> Iterator[tuple[Entity, date, datetime]]:
        """Give entity, dump date and deadline of each dump that must be there by now."""
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for deadline in self.deadlines:
            for back in range(self.lookback_days, -1, -1):
                day = today - timedelta(days=back)
                at = datetime.combine(day, datetime.min.time(), zone) + deadline.after
                if day >= self.first and deadline.calendar.expects(day) and at <= now:
                    yield deadline.entity, day, at


def dump_findings(
    ledger: pl.DataFrame, expected: Expectation, links: RunLinks, now: datetime
) -> Iterator[Finding]:
    """Give what is wrong with dumps.

    Args:
        ledger: One row per entity and dump date, as `cdp_etl.warehouse.ledger` gives it; may be empty.
        expected: Which dumps are to be there by now.
        links: Where a run is looked at.
        now: The moment, UTC.
    """
    names = {deadline.entity.table: deadline.entity.name for deadline in expected.deadlines}
    known = {(row["entity"], row["dump_date"]): row for row in ledger.to_dicts()}
    missing = {
        (entity.table, day): at
        for entity, day, at in expected.due(now)
        if is_missing(known.get((entity.table, day)))
    }
    for (table, day), row in known.items():
        if row["status"] == "refused":
            yield _refused(names[table], day, row, links)
        elif row["status"] == "failed" and (table, day) not in missing:
            yield _not_loaded(names[table], day, row, links)
    for (table, day), at in missing.items():
        yield _missing(names[table], day, at, known.get((table, day)), links)


def is_missing(row: Mapping[str, Any] | None) -> bool:
    """Tell of a row of the ledger, or none, whether its dump did not come; one that was refused did."""
    return row is None or (row["status"] in {"empty", "failed"} and row["loaded_load_id"] is None)


def _refused(entity: str, day: date, row: Mapping[str, Any], links: RunLinks) -> Finding:
    is_judged = row["records_read"] > 0
    command = (
        f"cdp-etl quarantine list --entity {entity} --from {day} --to {day}"
        if is_judged
        else f"cdp-etl landing check --entity {entity} --date {day}"
    )
    return Finding(
        Kind.DUMP_REFUSED,
        f"{entity} {day}",
        f"{row['reason']}{_stands(row)}",
        _where(entity, day, row, links),
        command,
        state=str(row["reason"]),
    )


def _not_loaded(entity: str, day: date, row: Mapping[str, Any], links: RunLinks) -> Finding:
    return Finding(
        Kind.DUMP_NOT_LOADED,
        f"{entity} {day}",
        f"{row['reason']}{_stands(row)}",
        _where(entity, day, row, links),
        f"cdp-etl run --entity {entity} --from {day}",
        state=without_numbers(str(row["reason"])),
        patience=_PASSES_WITHIN,
    )


def _missing(entity: str, day: date, at: datetime, row: Mapping[str, Any] | None, links: RunLinks) -> Finding:
    said = "Nothing was looked for yet." if row is None else str(row["reason"])
    return Finding(
        Kind.DUMP_MISSING,
        f"{entity} {day}",
        f"It was to be there by {at:%Y-%m-%d %H:%M %Z}. {said}",
        _where(entity, day, row, links),
        f"cdp-etl landing check --entity {entity} --date {day}",
        state="missing",
    )


def _stands(row: Mapping[str, Any]) -> str:
    return " What was loaded before stays." if row["loaded_load_id"] is not None else ""


def _where(entity: str, day: date, row: Mapping[str, Any] | None, links: RunLinks) -> Mapping[str, str]:
    where = {"entity": entity, "dump date": day.isoformat()}
    if row is None:
        return where
    return where | {"at": f"{row['finished_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"} | links.where(row["run_id"])


def without_numbers(text: str) -> str:
    """Give a text without its numbers: a fault that tells how long it waited is the same fault each time."""
    return _NUMBER.sub("#", text)
