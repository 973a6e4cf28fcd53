"""Whether a run that a command line works off is still at work: its process is there, and is the same."""

import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from cdp_etl.defs.runtime import run_launcher
from cdp_etl.defs.runtime.run_launcher import PROCESS_TAG, WatchingRunLauncher, process_tag
from cdp_etl_tests.end_to_end.wait import wait_until

TAG_OF_ANOTHER = "from cdp_etl.defs.runtime.run_launcher import *; print(process_tag()[PROCESS_TAG], flush=True)"


@dg.job(name="load")
def _job() -> None:
    """Do nothing."""


def health(tag: str) -> WorkerStatus:
    """Ask the launcher after a run with this tag."""
    run = dg.DagsterRun(job_name="load", tags={PROCESS_TAG: tag})
    return WatchingRunLauncher().check_run_worker_health(run).status


def test_a_process_that_is_there_is_at_work() -> None:
    assert health(process_tag()[PROCESS_TAG]) is WorkerStatus.RUNNING


def test_a_process_that_was_killed_is_not_though_nobody_has_asked_for_it_yet() -> None:
    with subprocess.Popen([sys.executable, "-c", f"{TAG_OF_ANOTHER}; input()"], stdout=-1, stdin=-1) as process:
        assert process.stdout is not None
        tag = process.stdout.readline().decode().strip()
        assert health(tag) is WorkerStatus.RUNNING

        process.kill()

        wait_until("it has died", lambda: health(tag) is WorkerStatus.NOT_FOUND, seconds=30)
    assert health(tag) is WorkerStatus.NOT_FOUND


def test_a_run_that_a_version_before_began_is_judged_by_its_number_alone() -> None:
    host, number, _ = process_tag()[PROCESS_TAG].split(" ")

    assert health(f"{host} {number}") is WorkerStatus.RUNNING


def test_another_process_that_has_its_number_is_not_taken_for_it() -> None:
    host, number, began = process_tag()[PROCESS_TAG].split(" ")

    assert began.isdigit()
    assert health(f"{host} {number} {int(began) - 1}") is WorkerStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("hours", "status"),
    [pytest.param(5, WorkerStatus.RUNNING, id="lately"), pytest.param(7, WorkerStatus.NOT_FOUND, id="long ago")],
)
def test_a_process_on_another_machine_counts_as_long_as_its_run_is_heard_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, status: WorkerStatus
) -> None:
    monkeypatch.setattr(
        run_launcher,
        "_LONGEST_SILENCE",
        run_launcher._LONGEST_SILENCE - timedelta(hours=hours),  # noqa: SLF001 - so much later it is
    )
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = instance.create_run_for_job(_job, tags={PROCESS_TAG: f"not-{socket.gethostname()} 1 1"})
        instance.report_engine_event("it has begun", run)
        launcher = WatchingRunLauncher()
        launcher.register_instance(instance)

        assert launcher.check_run_worker_health(run).status is status


def test_where_the_kernel_does_not_tell_when_a_process_began_its_number_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    monkeypatch.setattr(run_launcher, "_began", lambda _: "")

    assert health(process_tag()[PROCESS_TAG]) is WorkerStatus.RUNNING
    assert health(f"{socket.gethostname()} {ended.pid} ") is WorkerStatus.NOT_FOUND
