"""Health check of runs in the process of a command."""

import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.runtime import run_launcher
from cdp_etl.defs.runtime.dagster_internals import WorkerStatus
from cdp_etl.defs.runtime.run_launcher import (
    FORMER_PROCESS_TAG,
    PROCESS_TAG,
    WatchingRunLauncher,
    process_tag,
)
from cdp_etl_tests.end_to_end.wait import wait_until

PRINT_TAG = "from cdp_etl.defs.runtime.run_launcher import *; print(process_tag()[PROCESS_TAG], flush=True)"


@dg.job(name="load")
def _job() -> None:
    """Do nothing."""


def health(tag: str, name: str = PROCESS_TAG) -> WorkerStatus:
    """Return the health of a run with this tag."""
    run = dg.DagsterRun(job_name="load", tags={name: tag})
    return WatchingRunLauncher().check_run_worker_health(run).status


def test_a_live_process_is_running() -> None:
    assert health(process_tag()[PROCESS_TAG]) is WorkerStatus.RUNNING


def test_a_killed_process_is_not_found_before_its_parent_reads_its_exit_status() -> None:
    with subprocess.Popen([sys.executable, "-c", f"{PRINT_TAG}; input()"], stdout=-1, stdin=-1) as process:
        assert process.stdout is not None
        tag = process.stdout.readline().decode().strip()
        assert health(tag) is WorkerStatus.RUNNING

        process.kill()

        wait_until("it has died", lambda: health(tag) is WorkerStatus.NOT_FOUND, seconds=30)
    assert health(tag) is WorkerStatus.NOT_FOUND


def test_a_tag_of_an_older_version_is_checked_by_the_process_id_only() -> None:
    host, pid, _ = process_tag()[PROCESS_TAG].split(" ")

    assert health(f"{host} {pid}", FORMER_PROCESS_TAG) is WorkerStatus.RUNNING


def test_another_process_with_the_same_id_is_not_the_run() -> None:
    host, pid, started = process_tag()[PROCESS_TAG].split(" ")

    assert started.isdigit()
    assert health(f"{host} {pid} {int(started) - 1}") is WorkerStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("hours", "status"),
    [pytest.param(5, WorkerStatus.RUNNING, id="lately"), pytest.param(7, WorkerStatus.NOT_FOUND, id="long ago")],
)
def test_a_process_on_another_machine_is_checked_by_the_age_of_its_last_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, status: WorkerStatus
) -> None:
    monkeypatch.setattr(
        run_launcher,
        "_MAX_SILENCE",
        run_launcher._MAX_SILENCE - timedelta(hours=hours),  # noqa: SLF001 - as if that much later
    )
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = instance.create_run_for_job(_job, tags={PROCESS_TAG: f"not-{socket.gethostname()} 1 1"})
        instance.report_engine_event("started", run)
        launcher = WatchingRunLauncher()
        launcher.register_instance(instance)

        assert launcher.check_run_worker_health(run).status is status


def test_without_a_start_time_the_process_id_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    monkeypatch.setattr(run_launcher, "start_time", lambda _: "")

    assert health(process_tag()[PROCESS_TAG]) is WorkerStatus.RUNNING
    assert health(f"{socket.gethostname()} {ended.pid} ") is WorkerStatus.NOT_FOUND
