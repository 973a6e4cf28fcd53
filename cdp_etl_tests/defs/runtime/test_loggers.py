"""JSON lines of Dagster's loggers in the code location."""

import json

import dagster as dg
import pytest
from dagster._loggers import default_system_loggers
from dagster._utils.log import create_console_logger

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.runtime.dagster_internals import context_creation_job, instigation_logger
from cdp_etl.defs.runtime.loggers import write_runs_and_ticks_as_json
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl_tests.defs.pipeline import FIRST, Pipeline


@pytest.fixture
def _json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Dagster's loggers by JSON, and restore them after the test."""
    monkeypatch.setattr(context_creation_job, "default_system_loggers", default_system_loggers)
    monkeypatch.setattr(instigation_logger, "create_console_logger", create_console_logger)
    write_runs_and_ticks_as_json("INFO")


@pytest.mark.usefixtures("_json")
def test_the_lines_of_a_run_are_json_with_entity_and_date(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    run = (
        build_definitions(pipeline.settings)
        .resolve_job_def("load")
        .execute_in_process(
            instance=pipeline.instance,
            raise_on_error=False,
            partition_key=FIRST.isoformat(),
            asset_selection=[dg.AssetKey([layer.value, "sms_interaction"]) for layer in LOAD_LAYERS],
        )
    )

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [one for one in lines if one["level"] == "error" and "entity" in one]
    assert (line["run_id"], line["job"], line["step"]) == (run.run_id, "load", "load_sms_interaction")
    assert (line["entity"], line["dump_date"]) == ("sms-interaction", "2026-03-01")


@pytest.mark.usefixtures("_json")
def test_the_lines_of_a_tick_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with dg.build_sensor_context() as context:
        context.log.warning("no such folder")

    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["level"], line["message"]) == ("warning", "no such folder")
