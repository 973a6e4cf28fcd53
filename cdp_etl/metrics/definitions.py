"""Every metric: its name, kind, labels and meaning; the dashboard and docs/operations.md are held to this list.

Put here what a metric means. How its value is had stands in `measuring.py`.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "cdp_etl_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of Prometheus.

    Attributes:
        name: With prefix and unit; a counter ends in `_total`.
        kind: gauge: as it is now; counter: only rises; summary: `_count` and `_sum`.
        labels: What tells its series apart.
        unit: In words.
        meaning: For the people who build dashboards and alerts on it.
    """

    name: str
    kind: Literal["gauge", "counter", "summary"]
    labels: tuple[str, ...]
    unit: str
    meaning: str

    @property
    def series(self) -> tuple[str, ...]:
        """Give the names that a query can ask for."""
        return (f"{self.name}_count", f"{self.name}_sum") if self.kind == "summary" else (self.name,)


RECORDS = Metric(
    f"{PREFIX}records_total",
    "counter",
    ("entity", "outcome"),
    "records",
    "Records of all loads, by what became of them: accepted, superseded, quarantined. A dump loaded again counts "
    "again.",
)
LOADS = Metric(
    f"{PREFIX}loads_total",
    "counter",
    ("entity", "status"),
    "attempts",
    "Attempts to load a dump, by how they ended: loaded, unchanged, refused, failed, empty.",
)
DUMPS = Metric(
    f"{PREFIX}dumps",
    "gauge",
    ("entity", "status"),
    "dumps",
    "Dumps by how the newest attempt to load each ended; refused and failed ones wait for somebody.",
)
MISSING_DUMPS = Metric(
    f"{PREFIX}missing_dumps",
    "gauge",
    ("entity",),
    "dumps",
    "Dumps that were expected by now and of which nothing is loaded.",
)
NEWEST_DUMP = Metric(
    f"{PREFIX}newest_dump_timestamp_seconds",
    "gauge",
    ("entity",),
    "Unix time",
    "Beginning, in UTC, of the newest dump date that is loaded.",
)
NEWEST_DUMP_RECORDS = Metric(
    f"{PREFIX}newest_dump_records",
    "gauge",
    ("entity", "outcome"),
    "records",
    "Records of the newest dump date that is loaded, by what became of them.",
)
NEWEST_LOAD = Metric(
    f"{PREFIX}newest_load_timestamp_seconds", "gauge", ("entity",), "Unix time", "When a dump was last loaded."
)
STAGE = Metric(
    f"{PREFIX}stage_seconds",
    "summary",
    ("stage", "of"),
    "seconds",
    "How long stages took that came to their end: pull, normalize and load of an entity, mart, publish, report.",
)
STAGE_LAST = Metric(
    f"{PREFIX}stage_last_seconds", "gauge", ("stage", "of"), "seconds", "How long a stage took the last time."
)
LOCK_WAIT = Metric(
    f"{PREFIX}lock_wait_seconds",
    "summary",
    (),
    "seconds",
    "How long openings of the warehouse waited for another process, those that did not wait included.",
)
STORED = Metric(
    f"{PREFIX}stored_bytes",
    "gauge",
    ("place",),
    "bytes",
    "What is on disk: warehouse, lake, archive, snapshot; a file linked in several folders counts once.",
)
DISK_FREE = Metric(
    f"{PREFIX}disk_free_bytes", "gauge", (), "bytes", "What is free on the disk that holds the warehouse."
)
MART_APPLIED = Metric(
    f"{PREFIX}mart_applied_timestamp_seconds", "gauge", ("mart",), "Unix time", "When a mart was last run."
)
MART_PENDING = Metric(
    f"{PREFIX}mart_pending_loads", "gauge", ("mart",), "loads", "Loads in place that a mart does not hold yet."
)
SNAPSHOT = Metric(
    f"{PREFIX}snapshot_timestamp_seconds", "gauge", (), "Unix time", "When the snapshot that is in place was made."
)
FINDINGS = Metric(
    f"{PREFIX}alert_findings",
    "gauge",
    ("kind",),
    "findings",
    "What was wrong when alerts were last looked for, by kind.",
)
MESSAGES = Metric(
    f"{PREFIX}alert_messages_total",
    "counter",
    ("receiver", "outcome"),
    "messages",
    "Messages to receivers of alerts: delivered, failed (to be tried again), given up.",
)
WRITTEN = Metric(
    f"{PREFIX}metrics_timestamp_seconds", "gauge", (), "Unix time", "When these metrics were measured."
)

METRICS: tuple[Metric, ...] = (
    RECORDS,
    LOADS,
    DUMPS,
    MISSING_DUMPS,
    NEWEST_DUMP,
    NEWEST_DUMP_RECORDS,
    NEWEST_LOAD,
    STAGE,
    STAGE_LAST,
    LOCK_WAIT,
    STORED,
    DISK_FREE,
    MART_APPLIED,
    MART_PENDING,
    SNAPSHOT,
    FINDINGS,
    MESSAGES,
    WRITTEN,
)
"""All of them, in the order of docs/operations.md."""
