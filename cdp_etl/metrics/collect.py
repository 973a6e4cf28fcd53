"""The values of all metrics: from the ledger where it knows them, so that they hold whichever process wrote.

Put here how a value is had. What it means stands in `declared.py`.
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
from cdp_etl.alerts.findings.finding import FindingKind
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.contract.entity import Entity
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl.metrics import definitions
from cdp_etl.metrics.definitions import Metric
from cdp_etl.metrics.duration_store import DurationStore
from cdp_etl.warehouse import Warehouse, WarehouseMissingError, ledger

OUTCOMES = ("accepted", "superseded", "quarantined")
STATUSES = ("loaded", "unchanged", "refused", "failed", "empty")

Samples = Iterator[tuple[Metric, tuple[str, ...], float]]
"""A metric, the values of its labels, and its value; of a summary count and sum are two samples in that order."""


@dataclass(frozen=True, slots=True)
class MetricsSources:
    """What is measured.

    Attributes:
        warehouse: Its ledger, and its file.
        entities: Whose dumps; each has its series from the first moment on.
        expectation: Which dumps are to be there by now.
        lake: The folder of normalized dumps.
        archive: The folder of delivered files.
        published: The folder of the snapshot.
        observations: Durations.
        notification_state: Open findings and messages sent.
    """

    warehouse: Warehouse
    entities: Sequence[Entity]
    expectation: Expectation
    lake: Path
    archive: Path
    published: Path
    durations: DurationStore
    notification_state: NotificationState


def collect_metrics(measured: MetricsSources, now: datetime) -> Samples:
    """Give every sample.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    yield from _ledger(measured, now)
    yield from _durations(measured.durations)
    yield from _places(measured)
    yield from _alerts(measured.notification_state)
    yield definitions.WRITTEN, (), now.timestamp()


def _ledger(measured: MetricsSources, now: datetime) -> Samples:
    try:
        newest = ledger(measured.warehouse)
        with measured.warehouse.reading() as connection:
            ever = _ever(connection)
            marts = _mart_states(connection)
    except WarehouseMissingError:
        newest, ever, marts = pl.DataFrame(), {}, {}
    known = {(row["entity"], row["dump_date"]): row for row in newest.to_dicts()}
    missing = [
        entity.name
        for entity, day, _ in measured.expectation.due(now)
        if is_missing(known.get((entity.table, day)))
    ]
    for entity in measured.entities:
        rows = [row for (table, _), row in known.items() if table == entity.table]
        loaded = [row for row in rows if row["loaded_load_id"] is not None]
        for outcome in OUTCOMES:
            yield definitions.RECORDS, (entity.name, outcome), ever.get((entity.table, outcome), 0)
        for status in STATUSES:
            yield definitions.LOADS, (entity.name, status), ever.get((entity.table, status), 0)
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


def _ever(connection: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], int]:
    """Give what all attempts come to, by entity and outcome or status; rows of the ledger are never deleted."""
    sums = ", ".join(f"sum({outcome}) FILTER (status = 'loaded')" for outcome in OUTCOMES)
    counts = ", ".join(f"count(*) FILTER (status = '{status}')" for status in STATUSES)
    rows = connection.execute(f"SELECT entity, {sums}, {counts} FROM ops.load GROUP BY entity").fetchall()
    return {
        (entity, name): int(figure or 0)
        for entity, *figures in rows
        for name, figure in zip((*OUTCOMES, *STATUSES), figures, strict=True)
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


def _places(measured: MetricsSources) -> Samples:
    path = measured.warehouse.path
    for place, sizes in {
        "warehouse": _file_sizes([path, path.with_name(f"{path.name}.wal")]),
        "lake": _tree_sizes(measured.lake),
        "archive": _tree_sizes(measured.archive),
        "snapshot": _tree_sizes(measured.published),
    }.items():
        yield definitions.STORED, (place,), sum(sizes)
    there = next(parent for parent in path.parents if parent.exists())
    yield definitions.DISK_FREE, (), shutil.disk_usage(there).free
    snapshot = latest_snapshot(measured.published)
    if snapshot is not None:
        yield definitions.SNAPSHOT, (), snapshot.published_at.timestamp()


def _file_sizes(paths: Iterable[Path]) -> Iterator[int]:
    return (path.stat().st_size for path in paths if path.exists())


def _tree_sizes(folder: Path) -> Iterator[int]:
    """Give the size of each file once; one that goes while it is looked at counts for nothing."""
    seen = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.stat(os.path.join(parent, name), follow_symlinks=False)  # noqa: PTH116, PTH118 - by the thousand
            except FileNotFoundError:
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                yield found.st_size


def _alerts(state: NotificationState) -> Samples:
    kinds = [tracked.finding.kind for tracked in state.findings.values() if not tracked.is_resolved]
    for kind in FindingKind:
        yield definitions.FINDINGS, (kind.value,), kinds.count(kind)
    for channel, outcome, count in state.message_counts():
        yield definitions.MESSAGES, (channel, outcome), count


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
