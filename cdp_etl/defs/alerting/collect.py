"""Collection of all findings: failed runs and checks, dumps, stale marts, a locked or damaged warehouse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from cdp_etl.alerts.dispatch import FindingsSnapshot
from cdp_etl.alerts.findings.consent import WITHDRAWALS_REPORTED_FOR, consent_findings
from cdp_etl.alerts.findings.dumps import dump_findings
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.findings.marts import damage_finding, mart_findings, warehouse_findings
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.defs.alerting.check_findings import check_findings
from cdp_etl.defs.alerting.run_findings import run_findings
from cdp_etl.defs.schedules import TICK_LOCK_TIMEOUT_SECONDS
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.errors import SnapshotDamagedError
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot, require_own_snapshot, usable_snapshot
from cdp_etl.pipeline.lost_warehouse import require_no_snapshot
from cdp_etl.settings import Settings
from cdp_etl.warehouse import (
    WarehouseDamagedError,
    WarehouseError,
    WarehouseLostError,
    WarehouseMissingError,
    WarehouseReplacedError,
    WarehouseStorageError,
    Withdrawal,
    ledger,
    withdrawals,
)

_DAMAGE = WarehouseDamagedError | WarehouseLostError | WarehouseReplacedError | WarehouseStorageError

_MAX_LOCKED = timedelta(minutes=30)
"""A refresh may lock the warehouse for minutes. A longer lock is not normal work."""


@dataclass(frozen=True, slots=True)
class _WarehouseState:
    """The ledger, the newest load that each mart has applied, and recent withdrawals of consent statements."""

    ledger: pl.DataFrame
    applied: Mapping[str, int]
    withdrawals: Sequence[Withdrawal]


def collect_findings(
    settings: Settings, instance: dg.DagsterInstance | None, state: NotificationState, now: datetime
) -> FindingsSnapshot:
    """Return the current findings. If the warehouse cannot be read, that is one, and those that depend on it miss.

    Args:
        settings: Settings of the installation.
        instance: The Dagster instance; None if its storage cannot be used. Its runs and checks are missing then.
        state: State of the last dispatch.
        now: Current time, UTC.
    """
    links = settings.run_links()
    checks = [] if instance is None else list(check_findings(instance))
    of_instance = set() if instance is None else {FindingKind.CHECK_FAILED}
    try:
        warehouse = _read_warehouse(settings, now)
    except WarehouseError as error:
        since = state.ledger_unreadable_since or now
        runs = [] if instance is None else run_findings(instance, None, links, now)
        if not isinstance(error, _DAMAGE):
            evaluated = of_instance
            unreadable = list(warehouse_findings(since, _MAX_LOCKED, str(error), now))
        else:
            evaluated = of_instance | {FindingKind.DATA_DAMAGED}
            unreadable = [damage_finding("warehouse", str(error), "cdp-etl doctor"), *_snapshot_damage(settings)]
        return FindingsSnapshot([*runs, *checks, *unreadable], evaluated, since)
    runs = [] if instance is None else run_findings(instance, warehouse.ledger, links, now)
    dumps = dump_findings(warehouse.ledger, settings.expectation(), links, now)
    return FindingsSnapshot(
        [
            *runs,
            *checks,
            *dumps,
            *_mart_findings(settings, warehouse, now),
            *_snapshot_damage(settings),
            *consent_findings(warehouse.withdrawals),
        ],
        set(FindingKind) - (set() if instance else {FindingKind.CHECK_FAILED, FindingKind.RUN_FAILED}),
    )


def _read_warehouse(settings: Settings, now: datetime) -> _WarehouseState:
    """Read what findings depend on; nothing if nothing was loaded yet.

    Raises:
        WarehouseLostError, WarehouseReplacedError: If there is a snapshot, but not the warehouse of it.
        WarehouseError: If the warehouse cannot be read.
    """
    # A tick must be short. If a load holds the lock, the next tick tries again.
    warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS)
    try:
        attempts = ledger(warehouse)
        with warehouse.reading() as connection:
            states = {mart.name: state_of(connection, mart) for mart in MARTS}
            withdrawn = withdrawals(connection, now - WITHDRAWALS_REPORTED_FOR)
            require_own_snapshot(connection, settings.published, warehouse.path)
    except WarehouseMissingError:
        require_no_snapshot(settings)
        return _WarehouseState(pl.DataFrame(), {}, ())
    applied = {name: state.load_seq if state else 0 for name, state in states.items()}
    return _WarehouseState(attempts, applied, withdrawn)


def _mart_findings(settings: Settings, warehouse: _WarehouseState, now: datetime) -> Iterator[Finding]:
    snapshot = usable_snapshot(settings.published)
    published = None if snapshot is None else snapshot.as_of
    yield from mart_findings(
        warehouse.ledger, warehouse.applied, published, timedelta(hours=settings.alert_stale_hours), now
    )


def _snapshot_damage(settings: Settings) -> Iterator[Finding]:
    try:
        latest_snapshot(settings.published)
    except SnapshotDamagedError as error:
        yield damage_finding("snapshot", str(error), "cdp-etl marts publish")
