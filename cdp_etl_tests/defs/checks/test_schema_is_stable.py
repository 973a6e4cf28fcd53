"""The check that a dump looks like those before it, as Dagster shows it.

What counts as a change stands in `cdp_etl_tests/normalize/test_drift.py`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg
import pytest

from cdp_etl.normalize.drift import DUMPS_COMPARED
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, Pipe, days_later, sms

RECORDS = 40


def deliver(pipe: Pipe, day: date, **fields: Any) -> None:
    """Deliver a dump of SMS interactions that all have some fields."""
    pipe.deliver(day, [sms(f"{day}-{n}", day, **fields) for n in range(RECORDS)])


def found(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """Give what the check has found in a run."""
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "schema_is_stable"]
    return check


def told(check: dg.AssetCheckEvaluation, name: str) -> str:
    """Give a text that the UI shows beside the check."""
    value = check.metadata[name]
    assert isinstance(value, dg.MarkdownMetadataValue)
    return value.value or ""


def run_after_three(pipe: Pipe, **newest: Any) -> dg.AssetCheckEvaluation:
    """Load three like dumps, then one that may differ; give what is found in it."""
    last = days_later(FIRST, 3)
    for number in range(3):
        deliver(pipe, days_later(FIRST, number), link="https://shop.example", channelCode="A")
    deliver(pipe, last, **{"link": "https://shop.example", "channelCode": "A"} | newest)
    return found(pipe.load(FIRST, last))


def test_a_dump_like_those_before_it_is_stable(pipe: Pipe) -> None:
    check = run_after_three(pipe)

    assert check.passed
    assert check.description == "2026-03-04: Looks like the 3 dumps before it."


@pytest.mark.parametrize(
    ("newest", "change"),
    [
        pytest.param({"storeCode": "S1"}, "- New key `storeCode` in 40 of 40 records", id="new key"),
        pytest.param({"channelCode": None}, None, id="a key that is null is there"),
        pytest.param(
            {"link": ""}, "- `link` is absent from 100.0% of 40 records; usual is 0.0%.", id="field gone"
        ),
        pytest.param({"event": "bounced"}, "- New value of `event`: `bounced`, in 40 of 40 records.", id="value"),
    ],
)
def test_what_has_changed_is_told(pipe: Pipe, newest: Mapping[str, Any], change: str | None) -> None:
    check = run_after_three(pipe, **newest)

    assert check.passed is (change is None)
    if change is not None:
        assert check.severity is dg.AssetCheckSeverity.WARN
        assert change in told(check, "what_changed")


def test_loading_an_old_day_again_speaks_of_the_newest(pipe: Pipe) -> None:
    run_after_three(pipe)
    deliver(pipe, SECOND, event="bounced")

    assert found(pipe.load(SECOND)).description == "2026-03-04: Looks like the 3 dumps before it."


def test_a_first_dump_is_stable_and_says_that_there_is_nothing_to_compare(pipe: Pipe) -> None:
    deliver(pipe, FIRST)

    check = found(pipe.load(FIRST))

    assert check.passed
    assert check.description == (
        "2026-03-01: Only 0 dumps before it contain a valid record; at least 3 are required."
    )


def test_only_the_fourteen_dumps_before_count(pipe: Pipe) -> None:
    deliver(pipe, FIRST, event="bounced")
    last = days_later(FIRST, DUMPS_COMPARED + 1)
    for number in range(1, DUMPS_COMPARED + 1):
        deliver(pipe, days_later(FIRST, number))
    deliver(pipe, last, event="bounced")

    check = found(pipe.load(FIRST, last))

    assert "`bounced`" in told(check, "what_changed")
