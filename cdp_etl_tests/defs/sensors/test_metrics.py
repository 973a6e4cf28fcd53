"""The sensor `metrics`: what machines are told while the daemon runs."""

from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.sensors.metrics import build_metrics
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, Pipe, sms


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
