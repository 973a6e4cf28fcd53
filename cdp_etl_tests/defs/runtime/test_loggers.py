"""The lines of Dagster's own loggers in the code location: JSON, where that is asked for."""

import json

import dagster as dg
import pytest
from dagster._core.definitions import instigation_logger
from dagster._core.execution import context_creation_job
from dagster._loggers import default_system_loggers
from dagster._utils.log import create_console_logger

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.runtime.loggers import write_runs_and_ticks_as_json
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl_tests.defs.pipeline import FIRST, Pipe


@pytest.fixture
def _json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for JSON; Dagster's own loggers are put back at the end, whatever the call makes of them."""
    monkeypatch.setattr(context_creation_job, "default_system_loggers", default_system_loggers)
    monkeypatch.setattr(instigation_logger, "create_console_logger", create_console_logger)
    write_runs_and_ticks_as_json("INFO")


@pytest.mark.usefixtures("_json")
def test_the_lines_of_a_run_are_json_with_entity_and_day_where_that_is_asked_for(
    pipe: Pipe, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    run = (
        build_definitions(pipe.settings)
        .resolve_job_def("load")
        .execute_in_process(
            instance=pipe.instance,
            raise_on_error=False,
            partition_key=FIRST.isoformat(),
            asset_selection=[dg.AssetKey([layer.value, "sms_interaction"]) for layer in LOAD_LAYERS],
        )
    )

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (told,) = [line for line in lines if line["level"] == "error" and "entity" in line]
    assert (told["run_id"], told["job"], told["step"]) == (run.run_id, "load", "load_sms_interaction")
    assert (told["entity"], told["dump_date"]) == ("sms-interaction", "2026-03-01")


@pytest.mark.usefixtures("_json")
def test_the_lines_of_a_tick_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with dg.build_sensor_context() as context:
        context.log.warning("no such folder")

    (told,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (told["level"], told["message"]) == ("warning", "no such folder")
