"""What is done once a week: the deep look at recent dumps, and the pruning of the archive."""

import os
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from cdp_etl.defs import maintenance
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.error_boundary import UnforeseenError
from cdp_etl.defs.maintenance import build_weekly_deep_look, build_weekly_prune
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, Pipe, sms

SUNDAY = datetime(2026, 3, 8, 3, tzinfo=UTC)


def asked_for(settings: Settings, at: datetime = SUNDAY) -> dg.RunRequest | dg.SkipReason:
    """Evaluate the schedule of the deep look once."""
    result = build_weekly_deep_look(settings)(dg.build_schedule_context(scheduled_execution_time=at))
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def run(pipe: Pipe, job: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """Carry out a request as the run launcher does."""
    definition = build_definitions(pipe.settings).resolve_job_def(job)
    return definition.execute_in_process(
        instance=pipe.instance, run_config=dict(request.run_config), tags=dict(request.tags), raise_on_error=False
    )


def test_a_content_that_changed_under_the_same_listing_is_found_and_nothing_else_is_loaded_again(
    pipe: Pipe,
) -> None:
    (pipe.settings.data / "landing").mkdir(parents=True)
    for day in (FIRST, SECOND):
        pipe.deliver(day, [sms(f"{day.day}", day)])
        pipe.load(day)
    file = pipe.settings.data / "landing" / "sms-interaction" / SECOND.isoformat() / "part-1.ndjson"
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b'"id": "2"', b'"id": "3"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    request = asked_for(pipe.settings)

    assert isinstance(request, dg.RunRequest)
    run(pipe, "load", request)
    assert pipe.ledger() == [
        *((day, "empty") for day in (date(2026, 2, 28),)),
        (FIRST, "unchanged"),
        (SECOND, "loaded"),
        *((SECOND + timedelta(days=later), "empty") for later in range(1, 6)),
    ]
    assert pipe.query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("3",)]


def test_no_day_before_the_first_dump_date_is_looked_at() -> None:
    late = Settings(first_dump_date=date(2026, 3, 5))

    request = asked_for(late)

    assert isinstance(request, dg.RunRequest)
    assert request.tags["dagster/asset_partition_range_start"] == "2026-03-05"
    assert isinstance(asked_for(Settings(first_dump_date=date(2026, 3, 8))), dg.SkipReason)


def test_the_archive_is_pruned_as_the_settings_say(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    short = Pipe(pipe.settings.model_copy(update={"keep_days": 7}), pipe.instance)

    request = build_weekly_prune(short.settings)(dg.build_schedule_context())

    assert isinstance(request, dg.RunRequest)
    assert run(short, "prune", request).success
    assert not list(pipe.settings.archive.rglob("*.ndjson"))


def test_nothing_is_pruned_where_everything_is_kept() -> None:
    assert isinstance(build_weekly_prune(Settings())(dg.build_schedule_context()), dg.SkipReason)


def test_a_schedule_that_fails_tells_nothing_of_the_values_it_failed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_today", lambda *_: int("Nguyen Van Canary"))

    with pytest.raises(UnforeseenError) as caught:
        asked_for(Settings())

    assert "Canary" not in str(caught.value)
