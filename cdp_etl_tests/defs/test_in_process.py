"""Runs in this very process: which steps, assets and checks one is of."""

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.checks.load_checks import LOAD_CHECKS
from cdp_etl.defs.in_process import InProcess
from cdp_etl.defs.keys import asset_key
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl_tests.defs.pipeline import FIRST, SMS, Pipe, sms


@pytest.fixture
def pipeline(pipe: Pipe) -> InProcess:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    return InProcess(pipe.settings, pipe.instance, lambda _: None)


def judged(pipe: Pipe, run_id: str) -> set[tuple[str, str]]:
    """Give the checks of a run that have a result, by layer and name."""
    evaluations = [
        event.event_log_entry.asset_check_evaluation
        for event in pipe.instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
    ]
    return {(one.asset_key.path[0], one.check_name) for one in evaluations if one is not None}


def test_a_load_takes_its_own_checks_along_and_none_over_everything(pipe: Pipe, pipeline: InProcess) -> None:
    end = pipeline.load([SMS], FIRST, FIRST, LoadConfig())

    assert end.failures == []
    (run,) = pipe.instance.get_runs()
    assert run.asset_selection == {asset_key(layer, SMS.table) for layer in LOAD_LAYERS}
    steps = {event.step_key for event in pipe.instance.all_logs(end.run_id) if event.step_key}
    assert steps == {"load_sms_interaction"}
    assert judged(pipe, end.run_id) == {(check.layer.value, check.name) for check in LOAD_CHECKS}


def test_a_load_of_some_layers_judges_only_them(pipe: Pipe, pipeline: InProcess) -> None:
    pipeline.load([SMS], FIRST, FIRST, LoadConfig())

    end = pipeline.load([SMS], FIRST, FIRST, LoadConfig(force=True), [Layer.NORMALIZED, Layer.STAGING])

    assert end.failures == []
    assert {layer for layer, _ in judged(pipe, end.run_id)} == {"normalized", "staging"}


def test_a_run_of_the_marts_has_no_check_over_everything_either(pipe: Pipe, pipeline: InProcess) -> None:
    pipeline.load([SMS], FIRST, FIRST, LoadConfig())

    end = pipeline.marts(FIRST, FIRST)

    assert end.failures == []
    steps = {event.step_key for event in pipe.instance.all_logs(end.run_id) if event.step_key}
    assert "publish_snapshot" in steps
    assert "check_everything" not in steps
