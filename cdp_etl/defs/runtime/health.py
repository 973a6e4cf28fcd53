"""Health of the Dagster instance: whether its storage answers and its daemons are alive."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

_MAX_HEARTBEAT_AGE = timedelta(minutes=3)
"""A daemon sends a heartbeat every 30 seconds. Dagster's own page tolerates 30 minutes, which is too late here."""


@dataclass(frozen=True, slots=True)
class DaemonHealth:
    """One daemon that the instance requires, and whether its heartbeat is recent."""

    name: str
    is_alive: bool


def run_count(instance: dg.DagsterInstance) -> int:
    """Return the number of runs in the instance's storage."""
    return instance.get_runs_count()


def daemons(instance: dg.DagsterInstance) -> list[DaemonHealth]:
    """Return the daemons that the instance requires."""
    oldest = (datetime.now(UTC) - _MAX_HEARTBEAT_AGE).timestamp()
    return [
        DaemonHealth(name.lower(), status.last_heartbeat is not None and status.last_heartbeat.timestamp > oldest)
        for name, status in sorted(instance.get_daemon_statuses().items())
        if status.required
    ]
