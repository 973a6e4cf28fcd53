"""Weekly maintenance: the full re-pull of recent dumps, and pruning."""

import os
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from cdp_etl.defs import maintenance
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.error_boundary import UnexpectedError
from cdp_etl.defs.maintenance import build_weekly_full_rescan, build_weekly_prune
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, Pipeline, sms

pytestmark = pytest.mark.full  # whole runs of Dagster

SUNDAY = datetime(2026, 3, 8, 3, tzinfo=UTC)


def evaluate(settings: Settings, at: datetime = SUNDAY) -> dg.RunRequest | dg.SkipReason:
    """Evaluate the schedule `weekly_full_rescan` once."""
    result = build_weekly_full_rescan(settings)(dg.build_schedule_context(scheduled_execution_time=at))
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def run(pipeline: Pipeline, job: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """Execute a run request like the run launcher."""
    definition = build_definitions(pipeline.settings).resolve_job_def(job)
    return definition.execute_in_process(
        instance=pipeline.instance,
        run_config=dict(request.run_config),
        tags=dict(request.tags),
        raise_on_error=False,
    )


def test_content_changed_under_the_same_listing_is_loaded_and_nothing_else_is_loaded_again(
    pipeline: Pipeline,
) -> None:
    (pipeline.settings.data / "landing").mkdir(parents=True)
    for day in (FIRST, SECOND):
        pipeline.deliver(day, [sms(f"{day.day}", day)])
        pipeline.load(day)
    file = pipeline.settings.data / "landing" / "sms-interaction" / SECOND.isoformat() / "part-1.ndjson"
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b'"id": "2"', b'"id": "3"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    request = evaluate(pipeline.settings)

    assert isinstance(request, dg.RunRequest)
    run(pipeline, "load", request)
    assert pipeline.ledger() == [
        *((day, "missing") for day in (date(2026, 2, 28),)),
        (FIRST, "unchanged"),
        (SECOND, "loaded"),
        *((SECOND + timedelta(days=later), "missing") for later in range(1, 6)),
    ]
    assert pipeline.query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("3",)]


def test_no_date_before_the_first_dump_date_is_pulled() -> None:
    late = Settings(first_dump_date=date(2026, 3, 5))

    request = evaluate(late)

    assert isinstance(request, dg.RunRequest)
    assert request.tags["dagster/asset_partition_range_start"] == "2026-03-05"
    assert isinstance(evaluate(Settings(first_dump_date=date(2026, 3, 8))), dg.SkipReason)


def test_the_archive_is_pruned_as_the_settings_say(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    short = Pipeline(pipeline.settings.model_copy(update={"keep_days": 7}), pipeline.instance)

    request = build_weekly_prune(short.settings)(dg.build_schedule_context())

    assert isinstance(request, dg.RunRequest)
    assert run(short, "prune", request).success
    assert not list(pipeline.settings.archive.rglob("*.ndjson"))


def test_leftovers_are_deleted_also_without_a_retention() -> None:
    assert isinstance(build_weekly_prune(Settings())(dg.build_schedule_context()), dg.RunRequest)


def test_the_error_of_a_failed_schedule_contains_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_today", lambda *_: int("Nguyen Van Canary"))

    with pytest.raises(UnexpectedError) as caught:
        evaluate(Settings())

    assert "Canary" not in str(caught.value)
