"""Freshness: an asset must contain the newest due dump. A reload of last March makes nothing fresh."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cdp_etl.defs.checks.freshness import IS_FRESH, build_freshness, evaluate_freshness
from cdp_etl.defs.keys import asset_key
from cdp_etl.pipeline.layers import Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, Pipeline, sms

pytestmark = pytest.mark.full

NOON_OF_THIRD = datetime(2026, 3, 3, 12, tzinfo=UTC)
"""By the default deadline, the dumps of the first and the second are due at this time."""


def found(pipeline: Pipeline, now: datetime = NOON_OF_THIRD) -> dict[str, tuple[bool, str]]:
    """Return the result for the SMS table and for a mart that only depends on it."""
    results = {
        one.key.asset_key: (not one.missing, one.sentence)
        for one in evaluate_freshness(pipeline.settings, pipeline.settings.open_warehouse(), now)
    }
    return {
        "staging": results[asset_key(Layer.STAGING, SMS.table)],
        "mart": results[asset_key(Layer.MARTS, "campaign_daily")],
    }


@pytest.fixture
def pipeline(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that expects only SMS dumps."""
    others = {"email_interaction", "customer_product_activity", "customer_product_comment"}
    others |= {"customer_product_review", "customer_product_subscriber"}
    none_expected = {table: frozenset[str]() for table in others}
    settings = pipeline.settings.model_copy(update={"delivery_weekdays_by_entity": none_expected})
    return Pipeline(settings, pipeline.instance)


def test_an_asset_with_the_newest_due_dump_is_fresh(pipeline: Pipeline) -> None:
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(SECOND)
    pipeline.publish_marts()

    assert found(pipeline) == {
        "staging": (True, "Contains the newest dump that is due, 2026-03-02."),
        "mart": (True, "Contains the newest dump that is due, 2026-03-02."),
    }


def test_a_mart_that_has_not_applied_that_dump_is_stale(pipeline: Pipeline) -> None:
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(SECOND)

    assert found(pipeline) == {
        "staging": (True, "Contains the newest dump that is due, 2026-03-02."),
        "mart": (False, "sms_interaction of 2026-03-02 is loaded (number 1) and not applied."),
    }


def test_loading_an_older_date_makes_nothing_fresh(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.publish_marts()

    assert found(pipeline) == {
        "staging": (False, "The dump of 2026-03-02 is not loaded."),
        "mart": (False, "sms_interaction of 2026-03-02 is not loaded."),
    }


def test_assets_become_stale_over_time(pipeline: Pipeline) -> None:
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(SECOND)

    assert found(pipeline, NOON_OF_THIRD + timedelta(days=1))["staging"] == (
        False,
        "The dump of 2026-03-03 is not loaded.",
    )


def test_before_the_first_load_due_dumps_are_missing(pipeline: Pipeline) -> None:
    assert found(pipeline)["staging"] == (False, "The dump of 2026-03-02 is not loaded.")


def test_the_sensor_records_each_change_once(pipeline: Pipeline) -> None:
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(SECOND)

    first = tick(pipeline, None)
    second = tick(pipeline, first.cursor)

    assert [event.check_name for event in first.asset_events if isinstance(event, dg.AssetCheckEvaluation)] == [
        IS_FRESH
    ] * len(list(evaluate_freshness(pipeline.settings, pipeline.settings.open_warehouse(), NOON_OF_THIRD)))
    assert list(second.asset_events) == []


def tick(pipeline: Pipeline, cursor: str | None) -> dg.SensorResult:
    """Evaluate the sensor once, like the daemon."""
    context = dg.build_sensor_context(
        instance=pipeline.instance, cursor=cursor, resources={"settings": pipeline.settings}
    )
    result = build_freshness()(context)
    assert isinstance(result, dg.SensorResult)
    return result
