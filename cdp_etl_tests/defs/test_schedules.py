"""What runs without being asked: the daily schedule, and the sensor by which the marts follow loads."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.partitions import range_tags
from cdp_etl.defs.schedules import build_daily_dump, build_marts_follow_loads
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, THIRD, Pipe, sms


def tick(pipe: Pipe, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """Evaluate the sensor once, as the daemon does."""
    context = dg.build_sensor_context(instance=pipe.instance, cursor=cursor, resources={"settings": pipe.settings})
    result = build_marts_follow_loads(pipe.settings)(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def requested(result: dg.SensorResult | dg.SkipReason) -> list[tuple[str | None, dict[str, str]]]:
    """Give run key and tags of each run that was asked for; none where the tick was skipped."""
    if isinstance(result, dg.SkipReason):
        return []
    return [(request.run_key, dict(request.tags)) for request in result.run_requests or []]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        pytest.param("UTC", datetime(2026, 3, 2, 6, tzinfo=UTC), "2026-03-01", id="UTC"),
        pytest.param(
            "Asia/Ho_Chi_Minh",
            datetime(2026, 3, 1, 23, tzinfo=UTC),
            "2026-03-01",
            id="the day of the dump time zone",
        ),
    ],
)
def test_the_schedule_asks_for_the_dump_of_yesterday(zone: str, at: datetime, day: str) -> None:
    settings = Settings(dump_timezone=zone)
    context = dg.build_schedule_context(scheduled_execution_time=at)

    request = build_daily_dump(settings)(context)

    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.tags[SKIP_UNCHANGED_TAG]) == (day, "true")


def test_the_schedule_skips_days_before_the_first_dump_date() -> None:
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 1, 6, tzinfo=UTC))

    assert isinstance(build_daily_dump(Settings())(context), dg.SkipReason)


def test_the_marts_are_asked_for_over_all_days_that_were_loaded(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver(THIRD, [sms("3", THIRD)])
    pipe.load(FIRST)
    pipe.load(THIRD)

    assert requested(tick(pipe)) == [("2:1", range_tags(FIRST, THIRD))]


def test_the_marts_are_not_asked_for_where_they_hold_every_load(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)

    assert requested(tick(pipe)) == []


def test_a_refused_load_does_not_ask_for_the_marts(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)
    pipe.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipe.load(SECOND)

    assert requested(tick(pipe)) == []


def test_only_what_is_pending_is_asked_for(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)

    assert requested(tick(pipe)) == [("2:1", range_tags(SECOND, SECOND))]


def test_a_run_that_failed_is_asked_for_again_a_bounded_number_of_times(pipe: Pipe) -> None:
    """A run key is used up by a failed run too; without a number in it the marts would never be tried again."""
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    keys = []
    cursor = None
    for _ in range(5):
        result = tick(pipe, cursor)
        keys.append([key for key, _ in requested(result)])
        cursor = result.cursor if isinstance(result, dg.SensorResult) else cursor

    assert keys == [["1:1"], ["1:2"], ["1:3"], [], []]


def test_a_new_load_begins_the_attempts_anew(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.load(FIRST)

    assert [key for key, _ in requested(tick(pipe, cursor="1:3"))] == ["2:1"]


def test_without_a_warehouse_there_is_nothing_to_follow(pipe: Pipe) -> None:
    result = tick(pipe)

    assert isinstance(result, dg.SkipReason)
    assert "no warehouse" in str(result.skip_message)


def test_a_tick_does_not_wait_for_a_load_that_is_at_work(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    with pipe.settings.open_warehouse().writing():
        result = tick(pipe)

    assert isinstance(result, dg.SkipReason)
    assert "in use" in str(result.skip_message)
