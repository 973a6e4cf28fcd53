"""Findings of a real pipeline: runs, dumps, marts and checks."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cdp_etl.alerts.dispatch import FindingsSnapshot
from cdp_etl.alerts.findings.finding import FindingKind
from cdp_etl.alerts.notification_state import NotificationState
from cdp_etl.defs.alerting.collect import collect_findings
from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings
from cdp_etl.warehouse import withdraw_consent_statements
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, Pipeline, sms

pytestmark = pytest.mark.full  # whole runs of Dagster

LATER = timedelta(days=1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings under which no dump is expected."""
    return settings.model_copy(update={"lookback_days": 0, "alert_deadline": "99:00"})


def snapshot(pipeline: Pipeline, *, later: timedelta = timedelta(0)) -> FindingsSnapshot:
    """Return the findings of the pipeline now, or at a later time."""
    return collect_findings(pipeline.settings, pipeline.instance, NotificationState(), datetime.now(UTC) + later)


def kinds(pipeline: Pipeline, *, later: timedelta = timedelta(0)) -> list[tuple[FindingKind, str]]:
    return [(finding.kind, finding.subject) for finding in snapshot(pipeline, later=later).findings]


def test_a_healthy_pipeline_has_no_findings(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    pipeline.publish_marts()

    assert kinds(pipeline, later=LATER) == []


def test_a_withdrawal_of_consent_is_a_finding_for_a_week(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST, event="unsubscribed")])
    pipeline.load_without_dagster(FIRST)
    withdraw_consent_statements(pipeline.settings.open_warehouse(), SMS, FIRST, 1)
    pipeline.publish_marts()

    (one,) = snapshot(pipeline).findings

    assert (one.kind, one.subject) == (FindingKind.CONSENT_WITHDRAWN, "sms-interaction 2026-03-01, load 2")
    assert one.description == "1 consent statements of load 1 were withdrawn."
    assert kinds(pipeline, later=timedelta(days=8)) == []


def test_before_the_first_load_there_are_no_findings(pipeline: Pipeline) -> None:
    assert kinds(pipeline) == []


def test_a_refused_dump_is_one_finding_of_the_ledger_and_no_failed_run(pipeline: Pipeline) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    run = pipeline.load(FIRST)

    (one,) = snapshot(pipeline).findings

    assert not run.success
    assert (one.kind, one.subject) == (FindingKind.DUMP_REFUSED, "sms-interaction 2026-03-01")
    assert "part-1.ndjson.gz" in one.description
    assert one.details["run"] == run.run_id


def test_a_corrected_dump_is_no_finding(pipeline: Pipeline) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipeline.load(FIRST)
    (pipeline.settings.data / f"landing/sms-interaction/{FIRST}/part-1.ndjson.gz").unlink()
    pipeline.deliver(FIRST, [sms("1", FIRST)], name="part-1.ndjson")
    pipeline.load(FIRST, config={"accept_removal": True})
    pipeline.publish_marts()

    assert kinds(pipeline) == []


@pytest.mark.full
def test_a_run_that_failed_by_the_lock_is_a_finding_until_a_later_run_succeeds(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    impatient = Pipeline(pipeline.settings.model_copy(update={"lock_timeout_seconds": 0.1}), pipeline.instance)
    with pipeline.settings.open_warehouse().writing():
        run = impatient.load(SECOND)
    pipeline.publish_marts()

    (failed,) = snapshot(pipeline).findings
    pipeline.load(SECOND)
    pipeline.publish_marts()

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
    assert kinds(pipeline) == []


def test_a_run_whose_process_ended_is_a_finding(pipeline: Pipeline) -> None:
    run = pipeline.instance.create_run_for_job(_empty_job, status=dg.DagsterRunStatus.STARTED)
    pipeline.instance.report_run_failed(run, "Detected run worker status UNKNOWN")

    (one,) = snapshot(pipeline).findings

    assert (one.kind, one.description) == (FindingKind.RUN_FAILED, "Detected run worker status UNKNOWN")


def test_marts_with_an_unapplied_load_are_stale_after_some_hours(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)

    assert kinds(pipeline) == []
    assert kinds(pipeline, later=timedelta(hours=4)) == [(FindingKind.MARTS_STALE, "marts")]


def test_an_expected_dump_that_was_not_delivered_is_missing(pipeline: Pipeline) -> None:
    now = datetime.now(UTC)
    expecting = Settings(**(pipeline.settings.model_dump() | {"lookback_days": 1, "alert_deadline": "00:00"}))
    pipeline.deliver(now.date(), [sms("1", now.date())])
    pipeline.load_without_dagster(now.date())
    pipeline.publish_marts()

    found = collect_findings(expecting, pipeline.instance, NotificationState(), now).findings

    assert {finding.kind for finding in found} == {FindingKind.DUMP_MISSING}
    assert len(found) == 2 * len(ENTITIES) - 1  # two dates, with one dump delivered


@pytest.mark.full
def test_a_failed_full_check_is_a_finding(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.publish_marts()
    with pipeline.settings.open_warehouse().writing() as connection:
        connection.execute("INSERT INTO mart_storage.interaction FROM mart_storage.interaction")
    pipeline.check_everything()

    found = kinds(pipeline)

    assert {kind for kind, _ in found} == {FindingKind.CHECK_FAILED}
    assert [subject for _, subject in found if subject.startswith("marts/interaction ")]


def test_while_the_warehouse_is_locked_only_findings_without_it_are_evaluated(pipeline: Pipeline) -> None:
    pipeline.deliver_bytes(FIRST, b"not gzip", name="part-1.ndjson.gz")
    pipeline.load(FIRST)
    now = datetime.now(UTC)

    with pipeline.settings.open_warehouse().writing():
        first = collect_findings(pipeline.settings, pipeline.instance, NotificationState(), now)
        later = collect_findings(
            pipeline.settings, pipeline.instance, NotificationState(ledger_unreadable_since=now - LATER), now
        )

    assert (first.findings, first.ledger_unreadable_since) == ([], now)
    assert FindingKind.DUMP_REFUSED not in first.evaluated_kinds
    assert [finding.kind for finding in later.findings] == [FindingKind.WAREHOUSE_HELD]


@dg.op
def _nothing() -> None:
    """Do nothing."""


@dg.job(name="marts")
def _empty_job() -> None:
    _nothing()


def test_another_business_time_zone_is_no_damage(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    moved = Pipeline(
        pipeline.settings.model_copy(update={"business_timezone": "Asia/Ho_Chi_Minh"}), pipeline.instance
    )

    assert kinds(moved) == []
    assert [kind for kind, _ in kinds(moved, later=LATER)] == []
