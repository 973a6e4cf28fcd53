"""Asset checks of a load, which evaluate the newest dump date in the ledger."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.checks.load_checks import LOAD_CHECKS
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.defs.conftest import settings_of
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipeline, days_later, sms

pytestmark = pytest.mark.full


def outcome(checks: Mapping[str, dg.AssetCheckResult], name: str) -> tuple[bool, dg.AssetCheckSeverity]:
    """Return the result of one check of a load."""
    return checks[name].passed, checks[name].severity


def test_all_checks_pass_for_a_good_dump(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])

    result = pipeline.load(FIRST)

    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "dump_is_complete": True,
        "records_balance": True,
        "schema_is_stable": True,
        "quarantine_rate_is_low": True,
        "key_is_unique": True,
        "refusals_have_contact": True,
        "superseded_share_is_usual": True,
        "events_are_mapped": True,
        "volume_is_usual": True,
        "is_fresh": False,  # later dumps have become due since March
    }


def test_a_refusal_without_a_contact_is_a_warning(pipeline: Pipeline) -> None:
    pipeline.deliver(
        FIRST, [sms("1", FIRST), sms("2", FIRST, event="unsubscribed", phoneNumber="masked"), sms("", FIRST)]
    )

    result = pipeline.load(FIRST)

    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "refusals_have_contact"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert {name: check.metadata[name].value for name in ("refusals_without_contact", "quarantined_records")} == {
        "refusals_without_contact": 1,
        "quarantined_records": 1,
    }


def test_a_word_without_a_type_is_a_warning_that_names_it(pipeline: Pipeline) -> None:
    pipeline.deliver(
        FIRST, [sms("1", FIRST), sms("2", FIRST, event="Hop Thu Day"), sms("3", FIRST, event="0912345678")]
    )

    result = pipeline.load(FIRST)

    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "events_are_mapped"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["unmapped_events"].value == 2
    assert "hop_thu_day (1), and 1 of words that are not shown" in (check.description or "")
    assert "0912345678" not in (check.description or "")


def test_reloading_an_old_date_does_not_change_the_check_of_the_newest(pipeline: Pipeline) -> None:
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(SECOND)

    empty_older_day = pipeline.check_load(FIRST)

    assert outcome(empty_older_day, "dump_is_complete") == (True, dg.AssetCheckSeverity.ERROR)


def test_a_newest_date_without_files_is_complete_if_none_are_expected(pipeline: Pipeline) -> None:
    """The second of March 2026 is a Monday."""
    sundays_only = Pipeline(
        pipeline.settings.model_copy(update={"delivery_weekdays": frozenset({"sun"})}), pipeline.instance
    )
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    sundays_only.load_without_dagster(FIRST)

    result = sundays_only.check_load(SECOND)

    assert outcome(result, "dump_is_complete") == (True, dg.AssetCheckSeverity.ERROR)
    assert pipeline.query("SELECT reason FROM ops.load WHERE status = 'missing'") == [
        ("No file was delivered for this day, and none is expected.",)
    ]


def test_a_missing_newest_dump_stays_missing_after_other_loads(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(THIRD)

    result = pipeline.check_load(FIRST)

    assert outcome(result, "dump_is_complete") == (False, dg.AssetCheckSeverity.WARN)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        pytest.param(1, (True, dg.AssetCheckSeverity.WARN), id="few"),
        pytest.param(4, (False, dg.AssetCheckSeverity.WARN), id="unusually many"),
        pytest.param(15, (False, dg.AssetCheckSeverity.ERROR), id="so many that it is refused"),
    ],
)
def test_the_quarantine_rate_is_low(
    pipeline: Pipeline, bad: int, expected: tuple[bool, dg.AssetCheckSeverity]
) -> None:
    pipeline.deliver(FIRST, [sms(str(n), FIRST, **({"event": None} if n < bad else {})) for n in range(20)])

    assert outcome(pipeline.check_load(FIRST), "quarantine_rate_is_low") == expected


@pytest.fixture(scope="session")
def three_sizes(template_folder: Template) -> Path:
    """Load a dump of 1 record, one of 10 and one of 100 records."""

    def load(folder: Path) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            pipeline = Pipeline(settings_of(folder), instance)
            for day, size in ((FIRST, 1), (SECOND, 10), (THIRD, 100)):
                pipeline.deliver(day, [sms(f"{day}-{n}", day) for n in range(size)])
            pipeline.load_without_dagster(FIRST, THIRD)

    return template_folder("dumps-of-three-sizes", load)


@pytest.mark.parametrize(
    ("records", "is_usual"),
    [
        pytest.param(4, False, id="less than half"),
        pytest.param(5, True, id="half"),
        pytest.param(20, True, id="twice"),
        pytest.param(21, False, id="more than twice"),
    ],
)
def test_the_volume_is_usual_between_half_and_twice_the_median_before(
    pipeline: Pipeline, three_sizes: Path, records: int, *, is_usual: bool
) -> None:
    shutil.copytree(three_sizes / "data", pipeline.settings.data)
    newest = days_later(FIRST, 3)
    pipeline.deliver(newest, [sms(f"{newest}-{n}", newest) for n in range(records)])

    result = pipeline.check_load(newest)

    assert outcome(result, "volume_is_usual")[0] is is_usual


def test_no_check_of_a_load_blocks() -> None:
    assert not [check.name for check in LOAD_CHECKS if check.spec(SMS).blocking]


def test_an_unusual_share_of_superseded_records_is_a_warning(pipeline: Pipeline) -> None:
    """A provider without ids of events delivers the id of its webhook in each of them."""
    pipeline.deliver(FIRST, [sms("webhook", FIRST, eventAt=1772366400000 + number) for number in range(9)])

    result = pipeline.check_load(FIRST)

    assert outcome(result, "superseded_share_is_usual") == (False, dg.AssetCheckSeverity.WARN)
