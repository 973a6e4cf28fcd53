"""How runs are started, and how it is known that one is still alive: what `dagster.yaml` names as the launcher.

Put here what run monitoring asks. What a run does stands with the assets. Dagster has no public names for a
launcher's answers; its release is pinned, and the kill tests hold these to be right.
"""

import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import ConfigurableClassData, deserialize_value

from cdp_etl.defs.pools import make_pools

PROCESS_TAG = "cdp_etl/process"
"""On runs that a command line works off by itself: the machine, the process, and when that began."""

_ALIVE = CheckRunHealthResult(WorkerStatus.RUNNING)

_LONGEST_SILENCE = timedelta(hours=6)
"""Events come with each day and each step; the longest step, a rebuild of a large mart, takes well under this."""

# Fields of /proc/<number>/stat, counted from behind the program's name.
_STATE, _START_TIME = 0, 19
_ZOMBIE = "Z"  # it has ended, and its parent has not asked for it yet


class WatchingRunLauncher(dg.DefaultRunLauncher):
    """Dagster's own launcher, and an answer to whether a run's process is still there.

    Dagster's own gives none. A run whose process died together with the code location, or that a killed command
    line was at, would count as at work for ever, and the sensors would wait for it.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:  # noqa: ARG003 - it has no settings
        """Make the launcher as `dagster.yaml` names it."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run; the daemon does so for one after the other."""
        make_pools(self._instance)
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Tell run monitoring to ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Tell whether the run's process is there; where that cannot be known, it counts as there."""
        if GRPC_INFO_TAG in run.tags:
            return _at_code_location(run.run_id, json.loads(run.tags[GRPC_INFO_TAG]))
        if PROCESS_TAG in run.tags:
            # Versions before did not say when the process began; a run of theirs may be at work yet.
            host, number, began = (*run.tags[PROCESS_TAG].split(" "), "")[:3]
            return _as_process(number, began) if host == socket.gethostname() else self._as_heard_of(run.run_id)
        return _ALIVE

    def _as_heard_of(self, run_id: str) -> CheckRunHealthResult:
        """Judge a run on another machine, or in another container, by the last event that it has written."""
        (newest,) = self._instance.get_records_for_run(run_id, limit=1, ascending=False).records
        silent = datetime.now(UTC) - datetime.fromtimestamp(newest.timestamp, UTC)
        if silent < _LONGEST_SILENCE:
            return _ALIVE
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"nothing was heard of it for {silent}")


def process_tag() -> dict[str, str]:
    """Give the tag of a run that this very process works off."""
    number = os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()} {number} {_began(number)}"}


def _at_code_location(run_id: str, address: Mapping[str, Any]) -> CheckRunHealthResult:
    """Ask the code location that started the run; it knows the runs that it has started since it came up."""
    client = DagsterGrpcClient(
        host=address["host"],
        port=address.get("port"),
        socket=address.get("socket"),
        use_ssl=address.get("use_ssl", False),
    )
    try:
        answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id))
    except DagsterUserCodeUnreachableError:
        if address.get("socket"):  # it is gone with the process that made it, and a new one has another
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code location that started it has ended")
        return _ALIVE  # at a fixed address it comes back, and can be asked then
    if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
        return _ALIVE
    return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code location was started anew since")


def _as_process(number: str, began: str) -> CheckRunHealthResult:
    # A number alone says little: after a restart of the machine another process has it.
    is_there = _began(int(number)) == began if began else _answers_to_signals(int(number))
    return _ALIVE if is_there else CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {number} has ended")


def _began(number: int) -> str:
    """Give when a process began, in the kernel's ticks; nothing where it has ended, or where there is no /proc."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()  # behind the program's name, which may hold anything
    return "" if fields[_STATE] == _ZOMBIE else fields[_START_TIME]


def _answers_to_signals(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
