"""Findings about marts that lack a load for too long, and about a warehouse that is held for too long."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import polars as pl

from cdp_etl.alerts.findings.finding import Finding, Kind

_SNAPSHOT = "published snapshot"


def mart_findings(
    ledger: pl.DataFrame,
    applied: Mapping[str, int],
    published: int | None,
    longest: timedelta,
    now: datetime,
) -> Iterator[Finding]:
    """Give which marts lack a load that is in place since longer ago than they may lag.

    Args:
        ledger: One row per entity and dump date, as `cdp_etl.warehouse.ledger` gives it; may be empty.
        applied: The newest load that each mart holds, by mart.
        published: The newest load that the snapshot holds; None where nothing was published.
        longest: How long a mart may lag behind a load.
        now: The moment, UTC.
    """
    if ledger.is_empty():
        return
    overdue = ledger.filter(pl.col("loaded_finished_at") < now - longest)["loaded_load_seq"].drop_nulls().to_list()
    held = {**applied, _SNAPSHOT: published or 0}
    behind = {name: sorted(seq for seq in overdue if seq > load_seq) for name, load_seq in held.items()}
    stale = {name: lacking for name, lacking in behind.items() if lacking}
    if not stale:
        return
    oldest = min(lacking[0] for lacking in stale.values())
    yield Finding(
        Kind.MARTS_STALE,
        "marts",
        f"Loads from number {oldest} on are in place for more than {_hours(longest)} and are not in:"
        f" {', '.join(stale)}.",
        {"job": "marts", "oldest load that is lacking": str(oldest)},
        "cdp-etl doctor",
        state=str(oldest),
    )


def held_findings(unread_since: datetime | None, longest: timedelta, why: str, now: datetime) -> Iterator[Finding]:
    """Give that the ledger could not be read for too long: nothing is known of dumps and marts meanwhile.

    Args:
        unread_since: Since when; None where it can be read.
        longest: How long that may last.
        why: What the last attempt was told.
        now: The moment, UTC.
    """
    if unread_since is not None and now - unread_since >= longest:
        yield Finding(
            Kind.WAREHOUSE_HELD,
            "warehouse",
            f"The ledger cannot be read since {unread_since:%Y-%m-%d %H:%M} UTC, so nothing is known of dumps and"
            f" marts. {why}",
            {},
            "cdp-etl doctor",
            state="held",
        )


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} hours"
