"""Fresh is what holds the newest dump that is due; loading last March again makes nothing fresh."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cdp_etl.defs.checks.freshness import IS_FRESH, build_freshness, judge
from cdp_etl.defs.keys import asset_key
from cdp_etl.pipeline.layers import Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, Pipe, sms

NOON_OF_THIRD = datetime(2026, 3, 3, 12, tzinfo=UTC)
"""By then the dump of the first is overdue and that of the second is due, by the default deadline."""


def found(pipe: Pipe, now: datetime = NOON_OF_THIRD) -> dict[str, tuple[bool, str]]:
    """Give what is told of the SMS table and of a mart of it alone."""
    verdicts = {
        one.key.asset_key: (not one.lacking, one.sentence)
        for one in judge(pipe.settings, pipe.settings.open_warehouse(), now)
    }
    return {
        "staging": verdicts[asset_key(Layer.STAGING, SMS.table)],
        "mart": verdicts[asset_key(Layer.MARTS, "campaign_daily")],
    }


@pytest.fixture
def pipe(pipe: Pipe) -> Pipe:
    """A pipeline of which only SMS dumps are expected."""
    others = {"email_interaction", "customer_product_activity", "customer_product_comment"}
    others |= {"customer_product_review", "customer_product_subscriber"}
    none_expected = {table: frozenset[str]() for table in others}
    settings = pipe.settings.model_copy(update={"delivery_weekdays_by_entity": none_expected})
    return Pipe(settings, pipe.instance)


def test_what_holds_the_newest_dump_that_is_due_is_fresh(pipe: Pipe) -> None:
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)
    pipe.marts(SECOND, SECOND)

    assert found(pipe) == {
        "staging": (True, "It holds the newest dump that is due, of 2026-03-02."),
        "mart": (True, "It holds the newest dump that is due, of 2026-03-02."),
    }


def test_a_mart_that_has_not_applied_that_dump_is_stale(pipe: Pipe) -> None:
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)

    assert found(pipe) == {
        "staging": (True, "It holds the newest dump that is due, of 2026-03-02."),
        "mart": (False, "sms_interaction of 2026-03-02 is loaded (number 1) and not applied."),
    }


def test_loading_an_older_day_makes_nothing_fresh(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)

    assert found(pipe) == {
        "staging": (False, "The dump of 2026-03-02 is not loaded."),
        "mart": (False, "sms_interaction of 2026-03-02 is not loaded."),
    }


def test_time_alone_makes_stale(pipe: Pipe) -> None:
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)

    assert found(pipe, NOON_OF_THIRD + timedelta(days=1))["staging"] == (
        False,
        "The dump of 2026-03-03 is not loaded.",
    )


def test_before_anything_was_loaded_what_is_due_is_lacking(pipe: Pipe) -> None:
    assert found(pipe)["staging"] == (False, "The dump of 2026-03-02 is not loaded.")


def test_the_sensor_writes_down_each_change_once(pipe: Pipe) -> None:
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)

    first = tick(pipe, None)
    second = tick(pipe, first.cursor)

    assert [event.check_name for event in first.asset_events if isinstance(event, dg.AssetCheckEvaluation)] == [
        IS_FRESH
    ] * len(list(judge(pipe.settings, pipe.settings.open_warehouse(), NOON_OF_THIRD)))
    assert list(second.asset_events) == []


def tick(pipe: Pipe, cursor: str | None) -> dg.SensorResult:
    """Evaluate the sensor once, as the daemon does."""
    context = dg.build_sensor_context(instance=pipe.instance, cursor=cursor, resources={"settings": pipe.settings})
    result = build_freshness()(context)
    assert isinstance(result, dg.SensorResult)
    return result
