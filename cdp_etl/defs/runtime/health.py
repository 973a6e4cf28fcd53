"""Whether Dagster's instance answers and its daemons are alive.

Put here what is asked of the instance. What else belongs to a healthy installation stands in `cdp_etl.cli.doctor`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

_BEATS_AT_LEAST_EVERY = timedelta(minutes=3)
"""A daemon beats every half minute; Dagster's own page calls one healthy for half an hour after its last beat."""


@dataclass(frozen=True, slots=True)
class DaemonHealth:
    """One daemon that the instance needs, and whether its heartbeat is recent."""

    name: str
    is_alive: bool


def run_count(instance: dg.DagsterInstance) -> int:
    """Give the number of runs that the instance knows: it answers where its storage does."""
    return instance.get_runs_count()


def daemons(instance: dg.DagsterInstance) -> list[DaemonHealth]:
    """Give the daemons that the instance needs."""
    latest_missed = (datetime.now(UTC) - _BEATS_AT_LEAST_EVERY).timestamp()
    return [
        DaemonHealth(
            name.lower(), status.last_heartbeat is not None and status.last_heartbeat.timestamp > latest_missed
        )
        for name, status in sorted(instance.get_daemon_statuses().items())
        if status.required
    ]
