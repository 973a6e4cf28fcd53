"""Schedule `daily_dump` and sensor `refresh_marts`."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.partitions import range_tags
from cdp_etl.defs.schedules import build_daily_dump, build_refresh_marts
from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, THIRD, Pipeline, sms

pytestmark = pytest.mark.full  # whole runs of Dagster


def tick(pipeline: Pipeline, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """Evaluate the sensor once, like the daemon."""
    context = dg.build_sensor_context(
        instance=pipeline.instance, cursor=cursor, resources={"settings": pipeline.settings}
    )
    result = build_refresh_marts(pipeline.settings)(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def requested(result: dg.SensorResult | dg.SkipReason) -> list[tuple[str | None, dict[str, str]]]:
    """Return run key and tags of each requested run; none if the tick was skipped."""
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
def test_the_schedule_requests_the_dumps_of_yesterday(zone: str, at: datetime, day: str) -> None:
    settings = Settings(dump_timezone=zone)
    context = dg.build_schedule_context(scheduled_execution_time=at)

    request = build_daily_dump(settings)(context)

    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.tags[SKIP_UNCHANGED_TAG]) == (day, "true")


def test_each_landing_zone_has_a_run_of_its_own() -> None:
    settings = Settings(landing_by_entity={"sms_interaction": "/a", "email_interaction": "/a"})
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 3, 2, 6, tzinfo=UTC))

    requests = build_daily_dump(settings)(context)

    assert isinstance(requests, list)
    tables = [{key.path[-1] for key in request.asset_selection or ()} for request in requests]
    assert tables[1] == {"sms_interaction", "email_interaction"}
    assert tables[0] == {entity.table for entity in ENTITIES} - tables[1]
    assert len({request.run_key for request in requests}) == 2


def test_the_schedule_skips_days_before_the_first_dump_date() -> None:
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 1, 6, tzinfo=UTC))

    assert isinstance(build_daily_dump(Settings())(context), dg.SkipReason)


def test_a_refresh_is_requested_for_all_loaded_dates(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver(THIRD, [sms("3", THIRD)])
    pipeline.load(FIRST)
    pipeline.load(THIRD)

    assert requested(tick(pipeline)) == [("2:1", range_tags(FIRST, THIRD))]


def test_no_refresh_is_requested_if_every_load_is_applied(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    pipeline.publish_marts()

    assert requested(tick(pipeline)) == []


def test_a_refused_load_requests_no_refresh(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    pipeline.publish_marts()
    pipeline.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipeline.load(SECOND)

    assert requested(tick(pipeline)) == []


def test_a_refresh_is_requested_only_for_unapplied_loads(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    pipeline.publish_marts()
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load(SECOND)

    assert requested(tick(pipeline)) == [("2:1", range_tags(SECOND, SECOND))]


def test_a_failed_refresh_is_requested_again_a_limited_number_of_times(pipeline: Pipeline) -> None:
    """A failed run also uses its run key; without the attempt in the key there would be no retry."""
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)

    keys = []
    cursor = None
    for _ in range(5):
        result = tick(pipeline, cursor)
        keys.append([key for key, _ in requested(result)])
        cursor = result.cursor if isinstance(result, dg.SensorResult) else cursor

    assert keys == [["1:1"], ["1:2"], ["1:3"], [], []]


def test_a_new_load_restarts_the_attempts(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)
    pipeline.load(FIRST)

    assert [key for key, _ in requested(tick(pipeline, cursor="1:3"))] == ["2:1"]


def test_without_a_warehouse_the_sensor_skips(pipeline: Pipeline) -> None:
    result = tick(pipeline)

    assert isinstance(result, dg.SkipReason)
    assert "no warehouse" in str(result.skip_message)


def test_a_tick_does_not_wait_for_a_running_load(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load(FIRST)

    with pipeline.settings.open_warehouse().writing():
        result = tick(pipeline)

    assert isinstance(result, dg.SkipReason)
    assert "in use" in str(result.skip_message)
