"""Findings about dumps: refused, not loaded, or missing at their deadline.

They are derived from the ledger, which records every attempt by schedule, sensor, UI and command line.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from cdp_etl.alerts.findings.expectation import Expectation
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import RunLinks

_RETRIED_WITHIN = timedelta(minutes=15)
"""Failed loads are retried automatically; only a failure that lasts this long is sent."""

_NUMBER = re.compile(r"\d+")


def dump_findings(
    ledger: pl.DataFrame, expected: Expectation, links: RunLinks, now: datetime
) -> Iterator[Finding]:
    """Yield the findings about dumps.

    Args:
        ledger: One row for each entity and dump date, from `cdp_etl.warehouse.ledger`; may be empty.
        expected: Dumps that must be loaded by now.
        links: Links to runs.
        now: Current time, UTC.
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
    """Return whether a row of the ledger, or its absence, means a missing dump. A refused dump is not missing."""
    return row is None or (row["status"] in {"missing", "failed"} and row["loaded_load_id"] is None)


def without_numbers(text: str) -> str:
    """Mask numbers, so that texts that differ only in a duration or a count have the same fingerprint."""
    return _NUMBER.sub("#", text)


def _refused(entity: str, day: date, row: Mapping[str, Any], links: RunLinks) -> Finding:
    has_records = row["records_read"] > 0
    command = (
        f"cdp-etl quarantine list --entity {entity} --from {day} --to {day}"
        if has_records
        else f"cdp-etl landing check --entity {entity} --date {day}"
    )
    return Finding(
        FindingKind.DUMP_REFUSED,
        f"{entity} {day}",
        f"{row['reason']}{_earlier_load(row)}",
        _details(entity, day, row, links),
        command,
        fingerprint=str(row["reason"]),
    )


def _not_loaded(entity: str, day: date, row: Mapping[str, Any], links: RunLinks) -> Finding:
    return Finding(
        FindingKind.DUMP_NOT_LOADED,
        f"{entity} {day}",
        f"{row['reason']}{_earlier_load(row)}",
        _details(entity, day, row, links),
        f"cdp-etl run --entity {entity} --from {day}",
        fingerprint=without_numbers(str(row["reason"])),
        notify_after=_RETRIED_WITHIN,
    )


def _missing(entity: str, day: date, at: datetime, row: Mapping[str, Any] | None, links: RunLinks) -> Finding:
    attempt = "No load attempted yet." if row is None else str(row["reason"])
    return Finding(
        FindingKind.DUMP_MISSING,
        f"{entity} {day}",
        f"Expected by {at:%Y-%m-%d %H:%M %Z}. {attempt}",
        _details(entity, day, row, links),
        f"cdp-etl landing check --entity {entity} --date {day}",
        fingerprint="missing",
    )


def _earlier_load(row: Mapping[str, Any]) -> str:
    return " The earlier load of this dump stays in place." if row["loaded_load_id"] is not None else ""


def _details(entity: str, day: date, row: Mapping[str, Any] | None, links: RunLinks) -> Mapping[str, str]:
    details = {"entity": entity, "dump date": day.isoformat()}
    if row is None:
        return details
    finished_at = f"{row['finished_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return details | {"at": finished_at} | links.details(row["run_id"])
