"""Sensor `alerts`."""

from collections.abc import Iterator

import dagster as dg
import pytest

from cdp_etl.defs.sensors.alerts import build_alerts
from cdp_etl.settings import Settings
from cdp_etl_tests.alerts.servers import Webhook, closed_port, webhook
from cdp_etl_tests.defs.pipeline import FIRST, Pipeline


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings under which no dump is expected."""
    return settings.model_copy(update={"lookback_days": 0, "alert_deadline": "99:00"})


@pytest.fixture
def server() -> Iterator[Webhook]:
    with webhook() as started:
        yield started


def tick(pipeline: Pipeline, **changes: str) -> str:
    """Evaluate the sensor once. Return its skip message."""
    settings = Settings(**(pipeline.settings.model_dump() | changes))
    result = build_alerts()(dg.build_sensor_context(instance=pipeline.instance, resources={"settings": settings}))
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_the_sensor_sends_findings_to_the_configured_channels(pipeline: Pipeline, server: Webhook) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipeline.load(FIRST)

    message = [tick(pipeline, alert_webhook_url=server.url) for _ in range(2)]

    assert message == ["webhook: 1 findings sent.", "Nothing new."]
    (post,) = server.posted
    assert "Dump refused: sms-interaction 2026-03-01" in post["text"]


def test_an_unreachable_channel_does_not_fail_the_tick(pipeline: Pipeline) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipeline.load(FIRST)

    message = tick(pipeline, alert_webhook_url=f"http://127.0.0.1:{closed_port()}/")

    assert message.startswith("webhook: 127.0.0.1 cannot be reached")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({}, "No alert channel is configured", id="none"),
        pytest.param({"alert_smtp_host": "mail.example"}, "CDP_ETL_ALERT_FROM", id="incomplete"),
    ],
)
def test_missing_or_incomplete_channels_do_not_fail_the_tick(
    pipeline: Pipeline, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in tick(pipeline, **changes)
