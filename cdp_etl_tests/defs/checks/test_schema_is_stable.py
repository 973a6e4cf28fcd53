"""Check `schema_is_stable`. `test_drift.py` tests what counts as a change."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cdp_etl.normalize.drift import DUMPS_COMPARED
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.defs.conftest import settings_of
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, THIRD, Pipeline, days_later, sms

pytestmark = pytest.mark.full

RECORDS = 40


def deliver(pipeline: Pipeline, day: date, **fields: Any) -> None:
    """Deliver a dump of SMS interactions with the same fields."""
    pipeline.deliver(day, [sms(f"{day}-{n}", day, **fields) for n in range(RECORDS)])


def found(pipeline: Pipeline, day: date) -> dg.AssetCheckResult:
    """Load a dump and return the result of the check."""
    return pipeline.check_load(day)["schema_is_stable"]


def shown(check: dg.AssetCheckResult, name: str) -> str:
    """Return a metadata text of the check."""
    value = check.metadata[name]
    assert isinstance(value, dg.MarkdownMetadataValue)
    return value.value or ""


USUAL = {"link": "https://shop.example", "channelCode": "A"}
FOURTH = days_later(FIRST, 3)


@pytest.fixture
def after_three(pipeline: Pipeline, template_folder: Template) -> Pipeline:
    """Return the pipeline after three similar dumps, which are loaded once for all tests."""

    def load(folder: Path) -> None:
        loading = Pipeline(settings_of(folder), pipeline.instance)
        for day in (FIRST, SECOND, THIRD):
            deliver(loading, day, **USUAL)
        loading.load_without_dagster(FIRST, THIRD)

    shutil.copytree(template_folder("three-similar-dumps", load) / "data", pipeline.settings.data)
    return pipeline


def test_a_dump_like_those_before_it_is_stable(after_three: Pipeline) -> None:
    deliver(after_three, FOURTH, **USUAL)

    check = found(after_three, FOURTH)

    assert check.passed
    assert check.description == "2026-03-04: Looks like the 3 dumps before it."


@pytest.mark.parametrize(
    ("newest", "change"),
    [
        pytest.param({"storeCode": "S1"}, r"- New key \`storeCode\` in 40 of 40 records", id="new key"),
        pytest.param({"channelCode": None}, None, id="a key that is null is there"),
        pytest.param(
            {"link": ""}, r"- \`link\` is absent from 100.0% of 40 records; usual is 0.0%.", id="field gone"
        ),
        pytest.param(
            {"event": "bounced"}, r"- New value of \`event\`: \`bounced\`, in 40 of 40 records.", id="value"
        ),
    ],
)
def test_changes_are_named(after_three: Pipeline, newest: Mapping[str, Any], change: str | None) -> None:
    """The names are delivered texts, so Markdown shows each character as it is."""
    deliver(after_three, FOURTH, **{**USUAL, **newest})

    check = found(after_three, FOURTH)

    assert check.passed is (change is None)
    if change is not None:
        assert check.severity is dg.AssetCheckSeverity.WARN
        assert change in shown(check, "what_changed")


def test_reloading_an_old_date_evaluates_the_newest_dump(after_three: Pipeline) -> None:
    deliver(after_three, FOURTH, **USUAL)
    after_three.load_without_dagster(FOURTH)
    deliver(after_three, SECOND, event="bounced")

    assert found(after_three, SECOND).description == "2026-03-04: Looks like the 3 dumps before it."


def test_a_first_dump_is_stable_and_says_that_there_is_nothing_to_compare(pipeline: Pipeline) -> None:
    deliver(pipeline, FIRST)

    check = found(pipeline, FIRST)

    assert check.passed
    assert check.description == (
        "2026-03-01: Only 0 dumps before it contain a valid record; at least 3 are required."
    )


def test_only_the_fourteen_dumps_before_count(pipeline: Pipeline) -> None:
    deliver(pipeline, FIRST, event="bounced")
    last = days_later(FIRST, DUMPS_COMPARED + 1)
    for number in range(1, DUMPS_COMPARED + 1):
        deliver(pipeline, days_later(FIRST, number))
    deliver(pipeline, last, event="bounced")

    pipeline.load_without_dagster(FIRST, days_later(FIRST, DUMPS_COMPARED))

    check = found(pipeline, last)

    assert r"\`bounced\`" in shown(check, "what_changed")
