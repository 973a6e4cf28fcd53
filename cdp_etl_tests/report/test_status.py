"""What the sentence at the top says, and what it sends a person to look at."""

from datetime import date

import pytest

from cdp_etl.report import ReportOptions
from cdp_etl.report.data.deliveries import usual_volume
from cdp_etl.report.data.report_data import read_report_data
from cdp_etl.report.status import Assessment, DayStatus, assess
from cdp_etl.warehouse import record_attempt
from cdp_etl_tests.marts.loading import ACTIVITY, COMMENT, SMS, day, make_record
from cdp_etl_tests.report.days import EXPECTED, Shop

ONLY_ACTIVITY = ReportOptions(expected=(ACTIVITY,))


def assessed(shop: Shop, number: int = 1, options: ReportOptions = ONLY_ACTIVITY) -> Assessment:
    return assess(read_report_data(shop.warehouse, day(number)), options)


def some(number: int, on: int = 1) -> list[dict[str, object]]:
    return [make_record(ACTIVITY, f"{on}-{one}", on) for one in range(number)]


def test_a_day_on_which_all_is_well_is_fine(fortnight: tuple[Shop, date]) -> None:
    shop, last = fortnight

    assessment = assess(read_report_data(shop.warehouse, last), ReportOptions(EXPECTED.expected, 0.3))

    assert assessment == Assessment(
        DayStatus.OK,
        "The day is fine: all 3 dumps arrived and are loaded, 9.5% of 21 records were refused.",
        (),
        (),
    )


def test_an_expected_dump_that_has_not_arrived_is_missing(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(1))
    shop.refresh_marts()

    assessment = assessed(shop, options=ReportOptions(expected=(ACTIVITY, SMS)))

    assert assessment.status is DayStatus.INCOMPLETE
    assert assessment.sentence == "The day is not complete: 1 thing is missing."
    assert assessment.wrong == ("SMS interaction: no dump has arrived.",)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param("refused", "Product comment: the dump was refused. So it is.", id="refused"),
        pytest.param("failed", "Product comment: the dump could not be loaded. So it is.", id="failed"),
        pytest.param("empty", "Product comment: no files were there. So it is.", id="empty"),
    ],
)
def test_a_dump_that_was_not_loaded_is_told_with_its_reason(shop: Shop, status: str, told: str) -> None:
    shop.load(ACTIVITY, 1, some(1))
    shop.refresh_marts()
    record_attempt(shop.warehouse, COMMENT, day(1), status, "So it is.")  # type: ignore[arg-type] # one of the three

    assessment = assessed(shop, options=ReportOptions(expected=(ACTIVITY, COMMENT)))

    assert assessment.wrong == (told,)


def test_a_dump_that_nobody_expected_and_that_is_not_there_is_not_missing(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(1))
    shop.refresh_marts()
    record_attempt(shop.warehouse, COMMENT, day(1), "empty", "No files.")

    assert assessed(shop).status is DayStatus.OK


@pytest.mark.parametrize("is_tried", [False, True])
def test_a_day_of_which_nothing_is_expected_is_fine_without_a_dump(shop: Shop, is_tried: bool) -> None:  # noqa: FBT001 - a case
    shop.load(ACTIVITY, 1, some(1))
    shop.refresh_marts()
    if is_tried:
        record_attempt(shop.warehouse, ACTIVITY, day(2), "empty", "No files.")

    assessment = assessed(shop, 2, ReportOptions(expected=()))

    assert assessment.sentence == "The day is fine: no dump is expected of it, and none has come."


def test_a_refused_delivery_over_an_earlier_load_says_that_the_load_stays(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(3))
    shop.refresh_marts()
    shop.load(ACTIVITY, 1, some(1), quarantined=9, max_quarantine_rate=0.5)

    assessment = assessed(shop)

    (told,) = assessment.wrong
    assert told.startswith("Product activity: the dump was refused. 9 of 10 records are quarantined, more than")
    assert told.endswith(" actionId: required (9). What was loaded before stays in place.")


def test_the_same_content_again_is_no_problem(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(3))
    shop.load(ACTIVITY, 1, some(3))
    shop.refresh_marts()

    assert assessed(shop).status is DayStatus.OK


@pytest.mark.parametrize(
    ("records", "told"),
    [
        pytest.param(1, ("Product activity: unusually few records, 1; a usual day has 4.",), id="few"),
        pytest.param(9, ("Product activity: unusually many records, 9; a usual day has 4.",), id="many"),
        pytest.param(8, (), id="twice"),
        pytest.param(2, (), id="half"),
    ],
)
def test_a_volume_far_from_the_median_is_worth_a_look(shop: Shop, records: int, told: tuple[str, ...]) -> None:
    for number, usual in enumerate((4, 3, 5), 1):
        shop.load(ACTIVITY, number, some(usual, on=number))
    shop.load(ACTIVITY, 4, some(records, on=4))
    shop.refresh_marts()

    assessment = assessed(shop, 4)

    assert assessment.odd == told
    assert assessment.status is (DayStatus.WARNING if told else DayStatus.OK)


def test_what_is_usual_is_told_by_the_fourteen_dumps_before() -> None:
    assert usual_volume([1, 1]) is None
    known = usual_volume([1000] * 20 + [4] * 14)
    assert known is not None
    assert (known.least, known.records, known.most) == (2, 4, 8)


def test_many_refused_records_are_worth_a_look(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(8), quarantined=2)
    shop.refresh_marts()

    assessment = assessed(shop)

    assert assessment.sentence == "All is loaded, but 1 thing is worth a look."
    assert assessment.odd == ("Product activity: 20.0% of the records were refused; more than 10% is unusual.",)


def test_versions_that_came_back_are_worth_a_look(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    shop.load(ACTIVITY, 2, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2")])
    shop.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
    shop.refresh_marts()

    assert assessed(shop, 2).odd == (
        "Product activity: 1 record came back in an older version, since a newer one is no longer in this dump.",
    )


def test_marts_that_lag_behind_are_told(shop: Shop) -> None:
    shop.load(ACTIVITY, 1, some(1))
    never = assessed(shop).odd
    shop.refresh_marts()
    shop.load(ACTIVITY, 1, some(2))
    behind = assessed(shop).odd

    assert never == (
        "The marts have not been made yet, so there are no figures on people, messages and products.",
    )
    assert behind == (
        "The marts have not taken in the newest loads yet; figures on people and products lack them.",
    )


def test_a_day_without_any_attempt_says_so(shop: Shop) -> None:
    shop.open()
    empty = assessed(shop, 2)
    shop.load(ACTIVITY, 1, some(1))
    after = assessed(shop, 2)

    assert empty.status is after.status is DayStatus.NO_DATA
    assert empty.sentence == (
        "Nothing has arrived for Monday, 2 March 2026: no dump of that date was loaded or tried."
        " Nor was any of the 29 days before."
    )
    assert after.sentence.endswith("The newest before it is of Sunday, 1 March 2026.")
