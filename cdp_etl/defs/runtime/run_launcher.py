"""Run launcher that knows whether a run's process is alive. `dagster.yaml` names it.

Dagster has no public names for a launcher's answers. Its release is pinned, and the kill tests check them.
"""

import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import dagster as dg

from cdp_etl.defs.pools import create_pools
from cdp_etl.defs.runtime.dagster_internals import (
    GRPC_INFO_TAG,
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    ConfigurableClassData,
    DagsterGrpcClient,
    DagsterUserCodeUnreachableError,
    LaunchRunContext,
    WorkerStatus,
    deserialize_value,
)
from cdp_etl.process_start import start_time

PROCESS_TAG = ".dagster/cdp_etl_process"
"""On runs in the process of a command: host name, process id and start time of the process.

Dagster's UI hides tags with this prefix.
"""
FORMER_PROCESS_TAG = "cdp_etl/process"
"""Name of the tag in releases whose runs may still be in progress."""

_ALIVE = CheckRunHealthResult(WorkerStatus.RUNNING)

_MAX_SILENCE = timedelta(hours=6)
"""Runs write events for each date and step. The longest step, a rebuild of a large mart, takes well under this."""


class WatchingRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, plus a health check of the run's process.

    The default launcher has none. A run would count as in progress forever if its process died together with the
    code location or was a killed command, and the sensors would wait for it.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:  # noqa: ARG003 - it has no configuration
        """Create the launcher from its entry in `dagster.yaml`."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run. The daemon starts runs one by one."""
        create_pools(self._instance)
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Enable the health check in run monitoring."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether the run's process is alive. If that is unknown, it counts as alive."""
        if GRPC_INFO_TAG in run.tags:
            return _check_code_location(run.run_id, json.loads(run.tags[GRPC_INFO_TAG]))
        process = run.tags.get(PROCESS_TAG) or run.tags.get(FORMER_PROCESS_TAG)
        if process is not None:
            # Older versions did not write the start time, and their runs may still be in progress.
            host, pid, started = (*process.split(" "), "")[:3]
            return (
                _check_process(pid, started) if host == socket.gethostname() else self._check_silence(run.run_id)
            )
        return _ALIVE

    def _check_silence(self, run_id: str) -> CheckRunHealthResult:
        """Check a run on another machine or in another container by the age of its last event."""
        (newest,) = self._instance.get_records_for_run(run_id, limit=1, ascending=False).records
        silence = datetime.now(UTC) - datetime.fromtimestamp(newest.timestamp, UTC)
        if silence < _MAX_SILENCE:
            return _ALIVE
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"it has written no event for {silence}")


def process_tag() -> dict[str, str]:
    """Return the tag of a run in the current process."""
    pid = os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()} {pid} {start_time(pid)}"}


def free_slots_of_ended_runs(instance: dg.DagsterInstance) -> None:
    """Free the pool slots of runs of commands on this machine that have ended; this process must have no run.

    A command that is killed, or whose disk is full, cannot free its slots. The daemon would do so, but some
    installations have none: there the next run would wait for the slots forever.
    """
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or not _has_ended(run.tags.get(PROCESS_TAG, "")):
            continue
        if not run.is_finished:
            instance.report_run_failed(run, "The process of the command ended before this run.")
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _has_ended(tag: str) -> bool:
    """Return whether a process tag is of this process, or of one on this machine that is dead."""
    if tag == process_tag()[PROCESS_TAG]:
        return True
    host, _, process = tag.partition(" ")
    pid, _, started = process.partition(" ")
    return host == socket.gethostname() and start_time(int(pid)) != started


def _check_code_location(run_id: str, address: Mapping[str, Any]) -> CheckRunHealthResult:
    """Ask the code location that started the run. It knows the runs that it has started itself."""
    client = DagsterGrpcClient(
        host=address["host"],
        port=address.get("port"),
        socket=address.get("socket"),
        use_ssl=address.get("use_ssl", False),
    )
    try:
        answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id))
    except DagsterUserCodeUnreachableError:
        if address.get("socket"):  # the socket ended with its process; a new process has another one
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code location that started it has ended")
        return _ALIVE  # a code location at a fixed address restarts, and can be asked then
    if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
        return _ALIVE
    return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code location was restarted")


def _check_process(pid: str, started: str) -> CheckRunHealthResult:
    # The id alone is not enough: after a restart of the machine another process may have it.
    is_alive = start_time(int(pid)) == started if started else _accepts_signals(int(pid))
    return _ALIVE if is_alive else CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {pid} has ended")


def _accepts_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
