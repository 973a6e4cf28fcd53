"""Collection of all findings: failed runs and checks, refused and missing dumps, stale marts, locked warehouse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from cdp_etl.alerts.dispatch import FindingsSnapshot
from cdp_etl.alerts.findings.consent import WITHDRAWALS_REPORTED_FOR, consent_findings
from cdp_etl.alerts.findings.dumps import dump_findings
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.findings.marts import mart_findings, warehouse_findings
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.defs.alerting.check_findings import check_findings
from cdp_etl.defs.alerting.run_findings import run_findings
from cdp_etl.defs.schedules import TICK_LOCK_TIMEOUT_SECONDS
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseError, WarehouseMissingError, Withdrawal, ledger, withdrawals

_MAX_LOCKED = timedelta(minutes=30)
"""A refresh may lock the warehouse for minutes. A longer lock is not normal work."""


@dataclass(frozen=True, slots=True)
class _WarehouseState:
    """The ledger, the newest load that each mart has applied, and recent withdrawals of consent statements."""

    ledger: pl.DataFrame
    applied: Mapping[str, int]
    withdrawals: Sequence[Withdrawal]


def collect_findings(
    settings: Settings, instance: dg.DagsterInstance, state: NotificationState, now: datetime
) -> FindingsSnapshot:
    """Return the current findings. If the warehouse cannot be read, only those that do not depend on it."""
    links = settings.run_links()
    checks = list(check_findings(instance))
    try:
        warehouse = _read_warehouse(settings, now)
    except WarehouseError as error:
        since = state.ledger_unreadable_since or now
        runs = run_findings(instance, None, links, now)
        locked = warehouse_findings(since, _MAX_LOCKED, str(error), now)
        return FindingsSnapshot([*runs, *checks, *locked], {FindingKind.CHECK_FAILED}, since)
    runs = run_findings(instance, warehouse.ledger, links, now)
    dumps = dump_findings(warehouse.ledger, settings.expectation(), links, now)
    return FindingsSnapshot(
        [
            *runs,
            *checks,
            *dumps,
            *_mart_findings(settings, warehouse, now),
            *consent_findings(warehouse.withdrawals),
        ],
        frozenset(FindingKind),
    )


def _read_warehouse(settings: Settings, now: datetime) -> _WarehouseState:
    # A tick must be short. If a load holds the lock, the next tick tries again.
    warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS)
    try:
        attempts = ledger(warehouse)
        with warehouse.reading() as connection:
            states = {mart.name: state_of(connection, mart) for mart in MARTS}
            withdrawn = withdrawals(connection, now - WITHDRAWALS_REPORTED_FOR)
    except WarehouseMissingError:
        return _WarehouseState(pl.DataFrame(), {}, ())
    applied = {name: state.load_seq if state else 0 for name, state in states.items()}
    return _WarehouseState(attempts, applied, withdrawn)


def _mart_findings(settings: Settings, warehouse: _WarehouseState, now: datetime) -> Iterator[Finding]:
    snapshot = latest_snapshot(settings.published)
    published = None if snapshot is None else snapshot.as_of
    yield from mart_findings(
        warehouse.ledger, warehouse.applied, published, timedelta(hours=settings.alert_stale_hours), now
    )
