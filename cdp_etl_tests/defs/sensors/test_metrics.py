"""Sensor `metrics`."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.sensors.metrics import build_metrics
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, Pipeline, sms
from cdp_etl_tests.noon import zone_at_noon


def tick(settings: Settings) -> str:
    """Evaluate the sensor once. Return its skip message."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = build_metrics()(dg.build_sensor_context(instance, resources={"settings": settings}))
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_the_file_is_written_at_each_tick(settings: Settings, tmp_path: Path) -> None:
    with_file = settings.model_copy(update={"metrics_file": tmp_path / "cdp_etl.prom"})

    assert tick(with_file).startswith("Written")
    assert "cdp_etl_metrics_timestamp_seconds" in (tmp_path / "cdp_etl.prom").read_text()


def test_without_a_file_nothing_is_written(settings: Settings) -> None:
    assert "CDP_ETL_METRICS_FILE" in tick(settings)


@pytest.mark.parametrize("fault", ["the warehouse is locked", "the path is a folder"])
def test_a_file_that_cannot_be_written_does_not_fail_the_tick(
    pipeline: Pipeline, tmp_path: Path, fault: str
) -> None:
    path = tmp_path / "cdp_etl.prom"
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    if fault == "the path is a folder":
        path.mkdir()
        message = tick(pipeline.settings.model_copy(update={"metrics_file": path}))
    else:
        with pipeline.settings.open_warehouse().writing():
            message = tick(pipeline.settings.model_copy(update={"metrics_file": path}))

    assert message.startswith(f"The metrics file {path} was not updated.")


def test_findings_are_counted_without_a_channel(settings: Settings, tmp_path: Path) -> None:
    zone, now = zone_at_noon()
    yesterday = now.date() - timedelta(days=1)
    path = tmp_path / "cdp_etl.prom"
    expected = {"dump_timezone": zone, "first_dump_date": yesterday, "lookback_days": 1, "alert_deadline": "24:00"}

    tick(settings.model_copy(update={"metrics_file": path, **expected}))

    assert 'cdp_etl_alert_findings{kind="dump missing"} 6.0' in path.read_text()
