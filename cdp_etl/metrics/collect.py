"""Collection of all metric values.

The ledger is the source wherever possible, so that values do not depend on which process did the work.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from cdp_etl.alerts.findings.dumps import is_missing
from cdp_etl.alerts.findings.expectation import Expectation
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.contract.entity import Entity
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import usable_snapshot
from cdp_etl.metrics import definitions
from cdp_etl.metrics.definitions import Metric
from cdp_etl.metrics.duration_store import DurationStore
from cdp_etl.warehouse import Warehouse, WarehouseMissingError, ledger

OUTCOMES = ("accepted", "superseded", "quarantined")
STATUSES = ("loaded", "unchanged", "refused", "failed", "missing")

Samples = Iterator[tuple[Metric, tuple[str, ...], float]]
"""Metric, label values and value. A summary has two samples: first the count, then the sum."""


@dataclass(frozen=True, slots=True)
class MetricsSources:
    """Sources of the metrics.

    Attributes:
        warehouse: Warehouse with the ledger. The size of its file is a metric.
        entities: Entities to report. Each has its series even before its first load.
        expectation: Which dumps are expected by now.
        lake: Folder of normalized dumps.
        archive: Folder of delivered files.
        published: Folder of the snapshot.
        durations: Durations of stages and lock waits.
        notification_state: Messages sent.
    """

    warehouse: Warehouse
    entities: Sequence[Entity]
    expectation: Expectation
    lake: Path
    archive: Path
    published: Path
    durations: DurationStore
    notification_state: NotificationState


def collect_metrics(sources: MetricsSources, findings: Iterable[Finding], now: datetime) -> Samples:
    """Yield every sample.

    Args:
        sources: Where the values come from.
        findings: The open findings, whether or not they are sent to a channel.
        now: Current time, UTC.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    yield from _ledger(sources, now)
    yield from _durations(sources.durations)
    yield from _storage(sources)
    yield from _alerts([finding.kind for finding in findings], sources.notification_state)
    yield definitions.WRITTEN, (), now.timestamp()


def _ledger(sources: MetricsSources, now: datetime) -> Samples:
    try:
        newest = ledger(sources.warehouse)
        with sources.warehouse.reading() as connection:
            totals = _totals(connection)
            marts = _mart_states(connection)
    except WarehouseMissingError:
        newest, totals, marts = pl.DataFrame(), {}, {}
    known = {(row["entity"], row["dump_date"]): row for row in newest.to_dicts()}
    missing = [
        entity.name
        for entity, day, _ in sources.expectation.due(now)
        if is_missing(known.get((entity.table, day)))
    ]
    for entity in sources.entities:
        rows = [row for (table, _), row in known.items() if table == entity.table]
        loaded = [row for row in rows if row["loaded_load_id"] is not None]
        for outcome in OUTCOMES:
            yield definitions.RECORDS, (entity.name, outcome), totals.get((entity.table, outcome), 0)
        for status in STATUSES:
            yield definitions.LOADS, (entity.name, status), totals.get((entity.table, status), 0)
            yield definitions.DUMPS, (entity.name, status), sum(row["status"] == status for row in rows)
        yield definitions.MISSING_DUMPS, (entity.name,), missing.count(entity.name)
        if loaded:
            last = max(loaded, key=lambda row: row["dump_date"])
            yield definitions.NEWEST_DUMP, (entity.name,), _midnight(last["dump_date"])
            for outcome in OUTCOMES:
                yield definitions.NEWEST_DUMP_RECORDS, (entity.name, outcome), last[f"loaded_{outcome}"]
            newest_load = max(row["loaded_finished_at"] for row in loaded)
            yield definitions.NEWEST_LOAD, (entity.name,), newest_load.timestamp()
    loads = [row["loaded_load_seq"] for row in known.values() if row["loaded_load_seq"] is not None]
    for name, (applied, applied_at) in marts.items():
        yield definitions.MART_APPLIED, (name,), applied_at.timestamp()
        yield definitions.MART_PENDING, (name,), sum(load > applied for load in loads)


def _totals(connection: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], int]:
    """Return totals over all attempts by entity and outcome or status. The ledger never deletes rows."""
    sums = ", ".join(f"sum({outcome}) FILTER (status = 'loaded')" for outcome in OUTCOMES)
    counts = ", ".join(f"count(*) FILTER (status = '{status}')" for status in STATUSES)
    rows = connection.execute(f"SELECT entity, {sums}, {counts} FROM ops.load GROUP BY entity").fetchall()
    return {
        (entity, name): int(total or 0)
        for entity, *totals in rows
        for name, total in zip((*OUTCOMES, *STATUSES), totals, strict=True)
    }


def _mart_states(connection: duckdb.DuckDBPyConnection) -> Mapping[str, tuple[int, datetime]]:
    known = {mart.name for mart in MARTS}
    rows = connection.sql("SELECT mart, load_seq, applied_at FROM ops.mart_state ORDER BY mart").pl()
    return {mart: (load_seq, applied_at) for mart, load_seq, applied_at in rows.iter_rows() if mart in known}


def _durations(store: DurationStore) -> Samples:
    for (stage, of), durations in store.stage_durations().items():
        yield definitions.STAGE, (stage, of), durations.count
        yield definitions.STAGE, (stage, of), durations.sum
        yield definitions.STAGE_LAST, (stage, of), durations.last
    waits = store.lock_waits()
    yield definitions.LOCK_WAIT, (), waits.count
    yield definitions.LOCK_WAIT, (), waits.sum


def _storage(sources: MetricsSources) -> Samples:
    path = sources.warehouse.path
    for place, sizes in {
        "warehouse": _file_sizes([path, path.with_name(f"{path.name}.wal")]),
        "lake": _tree_sizes(sources.lake),
        "archive": _tree_sizes(sources.archive),
        "snapshot": _tree_sizes(sources.published),
    }.items():
        yield definitions.STORED, (place,), sum(sizes)
    folder = next(parent for parent in path.parents if parent.exists())
    yield definitions.DISK_FREE, (), shutil.disk_usage(folder).free
    snapshot = usable_snapshot(sources.published)
    if snapshot is not None:
        yield definitions.SNAPSHOT, (), snapshot.published_at.timestamp()


def _file_sizes(paths: Iterable[Path]) -> Iterator[int]:
    return (path.stat().st_size for path in paths if path.exists())


def _tree_sizes(folder: Path) -> Iterator[int]:
    """Yield the size of each file once, hard links included. A file deleted during the scan is skipped."""
    seen = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.stat(os.path.join(parent, name), follow_symlinks=False)  # noqa: PTH116, PTH118 - many files: Path is slower
            except FileNotFoundError:
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                yield found.st_size


def _alerts(kinds: Sequence[FindingKind], state: NotificationState) -> Samples:
    for kind in FindingKind:
        yield definitions.FINDINGS, (kind.value,), kinds.count(kind)
    for channel, outcome, count in state.message_counts():
        yield definitions.MESSAGES, (channel, outcome), count


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
