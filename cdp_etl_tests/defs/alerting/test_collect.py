"""The sensor `alerts` over a real pipeline: what people hear of runs, dumps, marts and checks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.alerts.dispatch import FindingsSnapshot
from cdp_etl.alerts.findings.finding import FindingKind
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.defs.alerting.collect import look
from cdp_etl.defs.sensors.alerts import build_alerts
from cdp_etl.settings import Settings
from cdp_etl_tests.alerts.servers import Webhook, closed_port, webhook
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, Pipe, sms

LATER = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        memory_limit="500MiB",
        threads=1,
        lock_timeout_seconds=5,
        lookback_days=0,  # nothing is expected
        alert_deadline="99:00",
    )


@pytest.fixture
def server() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


def seen(pipe: Pipe, *, later: timedelta = timedelta(0)) -> FindingsSnapshot:
    """Look at the pipeline now, or as if it were later."""
    return look(pipe.settings, pipe.instance, NotificationState(), datetime.now(UTC) + later)


def kinds(pipe: Pipe, *, later: timedelta = timedelta(0)) -> list[tuple[FindingKind, str]]:
    return [(finding.kind, finding.subject) for finding in seen(pipe, later=later).findings]


def tick(pipe: Pipe, **changes: str) -> str:
    """Evaluate the sensor once, as the daemon does; give what its page in the UI says."""
    settings = Settings(**(pipe.settings.model_dump() | changes))
    result = build_alerts()(dg.build_sensor_context(instance=pipe.instance, resources={"settings": settings}))
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_where_all_is_well_nothing_is_found(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)

    assert kinds(pipe, later=LATER) == []


def test_before_anything_was_loaded_nothing_is_found(pipe: Pipe) -> None:
    assert kinds(pipe) == []


def test_a_refused_dump_is_told_once_by_the_ledger_and_not_as_a_failed_run(pipe: Pipe) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    run = pipe.load(FIRST)

    (one,) = seen(pipe).findings

    assert not run.success
    assert (one.kind, one.subject) == (FindingKind.DUMP_REFUSED, "sms-interaction 2026-03-01")
    assert "part-1.ndjson.gz" in one.description
    assert one.details["run"] == run.run_id


def test_a_refused_dump_that_is_mended_is_over(pipe: Pipe) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipe.load(FIRST)
    (pipe.settings.data / f"landing/sms-interaction/{FIRST}/part-1.ndjson.gz").unlink()
    pipe.deliver(FIRST, [sms("1", FIRST)], name="part-1.ndjson")
    pipe.load(FIRST, config={"accept_removal": True})
    pipe.marts(FIRST, FIRST)

    assert kinds(pipe) == []


def test_a_run_that_failed_for_the_warehouse_is_told_until_it_was_made_up_for(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.deliver(SECOND, [sms("2", SECOND)])
    hasty = Pipe(pipe.settings.model_copy(update={"lock_timeout_seconds": 0.1}), pipe.instance)
    with pipe.settings.open_warehouse().writing():
        run = hasty.load(SECOND)
    pipe.marts(FIRST, FIRST)

    (failed,) = seen(pipe).findings
    pipe.load(SECOND)
    pipe.marts(SECOND, SECOND)

    assert not run.success
    assert failed.kind is FindingKind.RUN_FAILED
    assert "The warehouse is in use" in failed.description
    assert dict(failed.details) | {"at": ""} == {
        "job": "load",
        "dump date": "2026-03-02",
        "at": "",
        "run": run.run_id,
    }
    assert failed.command == "cdp-etl run --from 2026-03-02 --to 2026-03-02"
    assert kinds(pipe) == []


def test_a_run_whose_process_is_gone_is_told(pipe: Pipe) -> None:
    run = pipe.instance.create_run_for_job(_empty_job, status=dg.DagsterRunStatus.STARTED)
    pipe.instance.report_run_failed(run, "Detected run worker status UNKNOWN")

    (one,) = seen(pipe).findings

    assert (one.kind, one.description) == (FindingKind.RUN_FAILED, "Detected run worker status UNKNOWN")


def test_marts_that_lack_a_load_are_stale_after_some_hours(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    assert kinds(pipe) == []
    assert kinds(pipe, later=timedelta(hours=4)) == [(FindingKind.MARTS_STALE, "marts")]


def test_a_dump_that_is_expected_and_not_there_is_missing(pipe: Pipe) -> None:
    now = datetime.now(UTC)
    expecting = Settings(**(pipe.settings.model_dump() | {"lookback_days": 1, "alert_deadline": "00:00"}))
    pipe.deliver(now.date(), [sms("1", now.date())])
    pipe.load(now.date())
    pipe.marts(now.date(), now.date())

    found = look(expecting, pipe.instance, NotificationState(), now).findings

    assert {finding.kind for finding in found} == {FindingKind.DUMP_MISSING}
    assert len(found) == 11  # six entities, two days, and one dump came


def test_a_check_over_everything_that_does_not_hold_is_told(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)
    with pipe.settings.open_warehouse().writing() as connection:
        connection.execute("INSERT INTO mart_storage.interaction FROM mart_storage.interaction")
    pipe.check_everything()

    found = kinds(pipe)

    assert {kind for kind, _ in found} == {FindingKind.CHECK_FAILED}
    assert [place for _, place in found if place.startswith("marts/interaction ")]


def test_while_the_warehouse_is_held_only_what_is_known_without_it_is_told(pipe: Pipe) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipe.load(FIRST)
    hasty = Pipe(pipe.settings, pipe.instance)
    now = datetime.now(UTC)

    with pipe.settings.open_warehouse().writing():
        first = look(hasty.settings, pipe.instance, NotificationState(), now)
        later = look(hasty.settings, pipe.instance, NotificationState(ledger_unreadable_since=now - LATER), now)

    assert (first.findings, first.ledger_unreadable_since) == ([], now)
    assert FindingKind.DUMP_REFUSED not in first.evaluated_kinds
    assert [finding.kind for finding in later.findings] == [FindingKind.WAREHOUSE_HELD]


def test_the_sensor_tells_the_receivers_of_the_settings(pipe: Pipe, server: Webhook) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipe.load(FIRST)

    said = [tick(pipe, alert_webhook_url=server.url) for _ in range(2)]

    assert said == ["webhook: 1 findings sent.", "Nothing new."]
    (post,) = server.posted
    assert "Dump refused: sms-interaction 2026-03-01" in post["text"]


def test_a_receiver_that_is_not_there_fails_no_tick(pipe: Pipe) -> None:
    pipe.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipe.load(FIRST)

    said = tick(pipe, alert_webhook_url=f"http://127.0.0.1:{closed_port()}/")

    assert said.startswith("webhook: 127.0.0.1 cannot be reached")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({}, "No alert channel is configured", id="none"),
        pytest.param({"alert_smtp_host": "mail.example"}, "CDP_ETL_ALERT_FROM", id="half of one"),
    ],
)
def test_receivers_that_are_not_set_fail_no_tick(pipe: Pipe, changes: dict[str, str], sentence: str) -> None:
    assert sentence in tick(pipe, **changes)


@dg.op
def _nothing() -> None:
    """Stand for a run whose process ends before its first step does."""


@dg.job(name="marts")
def _empty_job() -> None:
    _nothing()
