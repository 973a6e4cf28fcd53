"""Jobs in the current process: their steps, assets and checks."""

import socket
import subprocess
import sys

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.checks.load_checks import LOAD_CHECKS
from cdp_etl.defs.in_process import InProcessJobs
from cdp_etl.defs.keys import SNAPSHOT, asset_key
from cdp_etl.defs.pools import LOAD_POOL, create_pools
from cdp_etl.defs.runtime.dagster_internals import WorkerStatus
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.runtime.run_launcher import PROCESS_TAG, WatchingRunLauncher, process_tag
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, Pipeline, sms

pytestmark = pytest.mark.full  # whole runs of Dagster


@dg.job(name="load")
def _job() -> None:
    """Do nothing."""


@pytest.fixture
def jobs(pipeline: Pipeline) -> InProcessJobs:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    return InProcessJobs(pipeline.settings, pipeline.instance, lambda _: None)


def evaluated(pipeline: Pipeline, run_id: str) -> set[tuple[str, str]]:
    """Return layer and name of the checks of a run that have a result."""
    evaluations = [
        event.event_log_entry.asset_check_evaluation
        for event in pipeline.instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
    ]
    return {(one.asset_key.path[0], one.check_name) for one in evaluations if one is not None}


@pytest.mark.parametrize("whose", ["a command that was killed", "this command, on a disk that was full"])
def test_a_run_does_not_wait_for_the_slot_that_an_ended_run_could_not_free(pipeline: Pipeline, whose: str) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    tag = process_tag() if whose.startswith("this") else {PROCESS_TAG: f"{socket.gethostname()} {ended.pid} 1"}
    with open_instance(pipeline.settings) as instance:
        create_pools(instance)
        left = instance.create_run_for_job(_job, tags=tag)
        slots = instance.event_log_storage
        assert slots.claim_concurrency_slot(LOAD_POOL, left.run_id, "load_sms_interaction").is_claimed

        loaded = InProcessJobs(pipeline.settings, instance, lambda _: None).load([SMS], FIRST, FIRST, LoadConfig())

        assert loaded.failures == []
        assert slots.get_concurrency_run_ids() == set()
        run = instance.get_run_by_id(left.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.FAILURE


def test_a_load_evaluates_its_own_checks_and_no_full_check(pipeline: Pipeline, jobs: InProcessJobs) -> None:
    result = jobs.load([SMS], FIRST, FIRST, LoadConfig())

    assert result.failures == []
    (run,) = pipeline.instance.get_runs()
    assert run.asset_selection == {asset_key(layer, SMS.table) for layer in LOAD_LAYERS}
    steps = {event.step_key for event in pipeline.instance.all_logs(result.run_id) if event.step_key}
    assert steps == {"load_sms_interaction"}
    assert evaluated(pipeline, result.run_id) == {(check.layer.value, check.name) for check in LOAD_CHECKS}


def test_a_run_of_a_command_shows_dump_dates_and_user_and_no_process(
    pipeline: Pipeline, jobs: InProcessJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "an-operator")

    jobs.load([SMS], FIRST, SECOND, LoadConfig())

    (run,) = pipeline.instance.get_runs()
    shown = {name: value for name, value in run.tags.items() if not name.startswith((".dagster/", "dagster/"))}
    assert shown == {
        "cdp_etl/dump_dates": "2026-03-01 to 2026-03-02",
        "cdp_etl/skip_unchanged": "true",
        "user": "an-operator",
    }
    assert WatchingRunLauncher().check_run_worker_health(run).status is WorkerStatus.RUNNING


def test_a_load_of_some_layers_evaluates_only_their_checks(pipeline: Pipeline, jobs: InProcessJobs) -> None:
    jobs.load([SMS], FIRST, FIRST, LoadConfig())

    result = jobs.load([SMS], FIRST, FIRST, LoadConfig(force=True), [Layer.NORMALIZED, Layer.STAGING])

    assert result.failures == []
    assert {layer for layer, _ in evaluated(pipeline, result.run_id)} == {"normalized", "staging"}


def test_a_refresh_of_the_marts_evaluates_no_full_check(pipeline: Pipeline, jobs: InProcessJobs) -> None:
    jobs.load([SMS], FIRST, FIRST, LoadConfig())

    result = jobs.refresh_marts(FIRST, FIRST)

    assert result.failures == []
    steps = {event.step_key for event in pipeline.instance.all_logs(result.run_id) if event.step_key}
    assert "publish_snapshot" in steps
    assert "check_everything" not in steps


def steps_of(pipeline: Pipeline, run_id: str) -> set[str]:
    return {event.step_key for event in pipeline.instance.all_logs(run_id) if event.step_key}


def test_a_refresh_without_news_writes_the_reports_alone(pipeline: Pipeline, jobs: InProcessJobs) -> None:
    jobs.load([SMS], FIRST, FIRST, LoadConfig())
    jobs.refresh_marts(FIRST, FIRST)
    jobs.load([SMS], FIRST, FIRST, LoadConfig())  # unchanged

    result = jobs.refresh_marts(FIRST, FIRST)

    assert result.failures == []
    assert steps_of(pipeline, result.run_id) == {"write_report"}


def test_a_refresh_runs_all_steps_for_any_news(pipeline: Pipeline, jobs: InProcessJobs) -> None:
    """A new load, a damaged database, another form of the snapshot, a Dagster home without history."""
    jobs.load([SMS], FIRST, FIRST, LoadConfig())
    jobs.refresh_marts(FIRST, FIRST)

    def has_all_steps(jobs: InProcessJobs) -> bool:
        return "publish_snapshot" in steps_of(pipeline, jobs.refresh_marts(FIRST, FIRST).run_id)

    pipeline.deliver(FIRST, [sms("2", FIRST)])
    jobs.load([SMS], FIRST, FIRST, LoadConfig())
    assert has_all_steps(jobs)
    assert not has_all_steps(jobs)
    damaged = pipeline.settings.published / "cdp.duckdb"
    damaged.chmod(0o600)
    damaged.write_bytes(b"damaged")
    assert has_all_steps(jobs)
    personal = pipeline.settings.model_copy(update={"publish_personal_data": True})
    assert has_all_steps(InProcessJobs(personal, pipeline.instance, lambda _: None))
    pipeline.instance.wipe_assets([SNAPSHOT])
    assert has_all_steps(InProcessJobs(personal, pipeline.instance, lambda _: None))


def test_a_lost_key_of_the_pseudonyms_fails_the_step_that_publishes(
    pipeline: Pipeline, jobs: InProcessJobs
) -> None:
    jobs.load([SMS], FIRST, FIRST, LoadConfig())
    jobs.refresh_marts(FIRST, FIRST)
    pipeline.settings.publish_rules().key_file.unlink()

    result = jobs.refresh_marts(FIRST, FIRST)

    assert "publish_snapshot" in steps_of(pipeline, result.run_id)
    assert len(result.failures) == 1
