"""The sensor `metrics` and the run's own log: what machines are told while the daemon runs."""

import json
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution import context_creation_job
from dagster._loggers import default_system_loggers

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.keys import LOAD_LAYERS
from cdp_etl.defs.loggers import write_runs_as_json
from cdp_etl.defs.metrics import build_metrics
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.piping import FIRST, Pipe, sms


def tick(settings: Settings) -> str:
    """Evaluate the sensor once; give what its page in the UI says."""
    result = build_metrics()(dg.build_sensor_context(resources={"settings": settings}))
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_the_file_is_written_at_each_tick(settings: Settings, tmp_path: Path) -> None:
    kept = settings.model_copy(update={"metrics_file": tmp_path / "cdp_etl.prom"})

    assert tick(kept).startswith("Written")
    assert "cdp_etl_metrics_timestamp_seconds" in (tmp_path / "cdp_etl.prom").read_text()


def test_without_a_file_nothing_is_written(settings: Settings) -> None:
    assert "CDP_ETL_METRICS_FILE" in tick(settings)


@pytest.mark.parametrize("fault", ["the warehouse is held", "there is a folder"])
def test_a_file_that_cannot_be_written_fails_no_tick(pipe: Pipe, tmp_path: Path, fault: str) -> None:
    place = tmp_path / "cdp_etl.prom"
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    if fault == "there is a folder":
        place.mkdir()
        said = tick(pipe.settings.model_copy(update={"metrics_file": place}))
    else:
        with pipe.settings.open_warehouse().writing():
            said = tick(pipe.settings.model_copy(update={"metrics_file": place}))

    assert said.startswith(f"The metrics file {place} stays as it was.")


def test_the_lines_of_a_run_are_json_with_entity_and_day_where_that_is_asked_for(
    pipe: Pipe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    # Put back at the end, whatever the call below makes of it.
    monkeypatch.setattr(context_creation_job, "default_system_loggers", default_system_loggers)
    write_runs_as_json("INFO")

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
