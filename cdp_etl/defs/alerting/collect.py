"""One look at everything that a person could have to hear: runs, dumps, marts, checks, the warehouse itself.

Put here what is looked at, and what can be said where the warehouse is held. What of it is told to whom stands in
`cdp_etl.alerts`; when, in `alerts.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from cdp_etl.alerts.dispatch import FindingsSnapshot
from cdp_etl.alerts.findings.dumps import dump_findings
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.findings.marts import mart_findings, warehouse_findings
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.defs.alerting.check_findings import check_findings
from cdp_etl.defs.alerting.run_findings import run_findings
from cdp_etl.defs.schedules import TICK_PATIENCE_SECONDS
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseError, WarehouseMissingError, ledger

_LONGEST_HELD = timedelta(minutes=30)
"""A day's marts may hold the warehouse for a while; longer than this it cannot be work alone."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the warehouse says: the ledger, and the newest load that each mart holds."""

    ledger: pl.DataFrame
    applied: Mapping[str, int]


def look(settings: Settings, instance: dg.DagsterInstance, state: NotificationState, now: datetime) -> FindingsSnapshot:
    """Give what is wrong now; where the warehouse cannot be read, what is known without it."""
    links = settings.run_links()
    checks = list(check_findings(instance))
    try:
        known = _known(settings)
    except WarehouseError as error:
        since = state.ledger_unreadable_since or now
        runs = run_findings(instance, None, links, now)
        held = warehouse_findings(since, _LONGEST_HELD, str(error), now)
        return FindingsSnapshot([*runs, *checks, *held], {FindingKind.CHECK_FAILED}, since)
    runs = run_findings(instance, known.ledger, links, now)
    dumps = dump_findings(known.ledger, settings.expectation(), links, now)
    return FindingsSnapshot([*runs, *checks, *dumps, *_marts(settings, known, now)], frozenset(FindingKind))


def _known(settings: Settings) -> _Known:
    # A tick must be short: where a load holds the warehouse, the next tick will do.
    warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_PATIENCE_SECONDS)
    try:
        attempts = ledger(warehouse)
        with warehouse.reading() as connection:
            states = {mart.name: state_of(connection, mart) for mart in MARTS}
    except WarehouseMissingError:
        return _Known(pl.DataFrame(), {})
    return _Known(attempts, {name: state.load_seq if state else 0 for name, state in states.items()})


def _marts(settings: Settings, known: _Known, now: datetime) -> Iterator[Finding]:
    snapshot = latest_snapshot(settings.published)
    published = None if snapshot is None else snapshot.as_of
    yield from mart_findings(
        known.ledger, known.applied, published, timedelta(hours=settings.alert_stale_hours), now
    )
