"""Name, kind, labels, unit and help text of every metric.

Tests compare the Grafana dashboard, the Prometheus rules and docs/operations.md with this list.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "cdp_etl_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One Prometheus metric family.

    Attributes:
        name: With prefix and unit. The name of a counter ends in `_total`.
        kind: gauge: a current value; counter: a value that only increases; summary: `_count` and `_sum`.
        labels: Names of the labels.
        unit: In words.
        description: Help text, for people who build dashboards and alerts.
    """

    name: str
    kind: Literal["gauge", "counter", "summary"]
    labels: tuple[str, ...]
    unit: str
    description: str

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series that queries can use."""
        return (f"{self.name}_count", f"{self.name}_sum") if self.kind == "summary" else (self.name,)


RECORDS = Metric(
    f"{PREFIX}records_total",
    "counter",
    ("entity", "outcome"),
    "records",
    "Records of all loads by outcome: accepted, superseded, quarantined. Each load of a dump counts.",
)
LOADS = Metric(
    f"{PREFIX}loads_total",
    "counter",
    ("entity", "status"),
    "attempts",
    "Attempts to load a dump by status: loaded, unchanged, refused, failed, missing.",
)
DUMPS = Metric(
    f"{PREFIX}dumps",
    "gauge",
    ("entity", "status"),
    "dumps",
    "Dumps by status of the latest attempt to load them. Dumps with status refused or failed need action.",
)
MISSING_DUMPS = Metric(
    f"{PREFIX}missing_dumps",
    "gauge",
    ("entity",),
    "dumps",
    "Dumps whose deadline has passed and which are not loaded.",
)
NEWEST_DUMP = Metric(
    f"{PREFIX}newest_dump_timestamp_seconds",
    "gauge",
    ("entity",),
    "Unix time",
    "Start (midnight UTC) of the newest loaded dump date.",
)
NEWEST_DUMP_RECORDS = Metric(
    f"{PREFIX}newest_dump_records",
    "gauge",
    ("entity", "outcome"),
    "records",
    "Records of the newest loaded dump date by outcome.",
)
NEWEST_LOAD = Metric(
    f"{PREFIX}newest_load_timestamp_seconds",
    "gauge",
    ("entity",),
    "Unix time",
    "Time of the latest load of a dump.",
)
STAGE = Metric(
    f"{PREFIX}stage_seconds",
    "summary",
    ("stage", "of"),
    "seconds",
    "Duration of completed stages: pull, normalize and load of an entity, mart, publish, report.",
)
STAGE_LAST = Metric(
    f"{PREFIX}stage_last_seconds", "gauge", ("stage", "of"), "seconds", "Duration of the latest run of a stage."
)
LOCK_WAIT = Metric(
    f"{PREFIX}lock_wait_seconds",
    "summary",
    (),
    "seconds",
    "Time that openings of the warehouse waited for its lock, including openings without a wait.",
)
STORED = Metric(
    f"{PREFIX}stored_bytes",
    "gauge",
    ("place",),
    "bytes",
    "Size on disk of warehouse, lake, archive and snapshot. A file with several hard links counts once.",
)
DISK_FREE = Metric(f"{PREFIX}disk_free_bytes", "gauge", (), "bytes", "Free space on the disk of the warehouse.")
MART_APPLIED = Metric(
    f"{PREFIX}mart_applied_timestamp_seconds",
    "gauge",
    ("mart",),
    "Unix time",
    "Time of the latest refresh of a mart.",
)
MART_PENDING = Metric(
    f"{PREFIX}mart_pending_loads", "gauge", ("mart",), "loads", "Loads that a mart has not applied yet."
)
SNAPSHOT = Metric(
    f"{PREFIX}snapshot_timestamp_seconds",
    "gauge",
    (),
    "Unix time",
    "Time at which the current snapshot was published.",
)
FINDINGS = Metric(
    f"{PREFIX}alert_findings",
    "gauge",
    ("kind",),
    "findings",
    "Open findings by kind, whether or not a channel is configured.",
)
MESSAGES = Metric(
    f"{PREFIX}alert_messages_total",
    "counter",
    ("receiver", "outcome"),
    "messages",
    "Alert messages to a channel by outcome: delivered, failed (to be retried), given up.",
)
WRITTEN = Metric(
    f"{PREFIX}metrics_timestamp_seconds", "gauge", (), "Unix time", "Time at which these metrics were collected."
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
"""All metrics, in the order of docs/operations.md."""
