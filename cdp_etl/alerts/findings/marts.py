"""Findings about marts that lag behind the loads, about a locked warehouse, and about damaged files."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import polars as pl

from cdp_etl.alerts.findings.finding import Finding, FindingKind

_SNAPSHOT = "published snapshot"


def mart_findings(
    ledger: pl.DataFrame,
    applied: Mapping[str, int],
    published: int | None,
    max_lag: timedelta,
    now: datetime,
) -> Iterator[Finding]:
    """Yield one finding about all marts that have not applied a load for longer than `max_lag`.

    Args:
        ledger: One row for each entity and dump date, from `cdp_etl.warehouse.ledger`; may be empty.
        applied: Newest load that each mart has applied.
        published: Newest load that the snapshot contains; None if nothing was published.
        max_lag: How long a mart may lag behind a load.
        now: Current time, UTC.
    """
    if ledger.is_empty():
        return
    overdue = ledger.filter(pl.col("loaded_finished_at") < now - max_lag)["loaded_load_seq"].drop_nulls().to_list()
    newest = {**applied, _SNAPSHOT: published or 0}
    missing = {name: sorted(seq for seq in overdue if seq > load_seq) for name, load_seq in newest.items()}
    stale = {name: loads for name, loads in missing.items() if loads}
    if not stale:
        return
    oldest = min(loads[0] for loads in stale.values())
    yield Finding(
        FindingKind.MARTS_STALE,
        "marts",
        f"Loads from number {oldest} on are more than {_hours(max_lag)} old and not yet applied to:"
        f" {', '.join(stale)}.",
        {"job": "marts", "oldest missing load": str(oldest)},
        "cdp-etl doctor",
        fingerprint=str(oldest),
    )


def warehouse_findings(
    unreadable_since: datetime | None, max_duration: timedelta, reason: str, now: datetime
) -> Iterator[Finding]:
    """Yield a finding if the ledger has been unreadable for too long; dumps and marts are not evaluated meanwhile.

    Args:
        unreadable_since: When it was first found unreadable; None if it is readable.
        max_duration: How long that may last.
        reason: Error of the last attempt to read it.
        now: Current time, UTC.
    """
    if unreadable_since is not None and now - unreadable_since >= max_duration:
        yield Finding(
            FindingKind.WAREHOUSE_HELD,
            "warehouse",
            f"The ledger has been unreadable since {unreadable_since:%Y-%m-%d %H:%M} UTC, so the state of dumps"
            f" and marts is unknown. {reason}",
            {},
            "cdp-etl doctor",
            fingerprint="held",
        )


def damage_finding(subject: str, reason: str, command: str) -> Finding:
    """Return a finding about a file that is damaged, missing or not readable.

    Args:
        subject: What it is: warehouse, snapshot or Dagster's storage.
        reason: The error; it names the file.
        command: The command that fixes it.
    """
    return Finding(FindingKind.DATA_DAMAGED, subject, reason, {}, command, fingerprint="damaged")


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} hours"
