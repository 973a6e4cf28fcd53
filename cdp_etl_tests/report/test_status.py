"""Status of a day: the sentence at the top, problems and warnings."""

from datetime import date

import pytest

from cdp_etl.report.data.deliveries import usual_volume
from cdp_etl.report.data.report_data import read_report_data
from cdp_etl.report.options import ReportOptions
from cdp_etl.report.status import Assessment, DayStatus, assess
from cdp_etl.warehouse import record_attempt
from cdp_etl_tests.marts.loading import ACTIVITY, COMMENT, EMAIL, REVIEW, SMS, day, make_record
from cdp_etl_tests.report.days import EXPECTED, ReportWarehouse

ONLY_ACTIVITY = ReportOptions(expected=(ACTIVITY,))


def assessed(
    report_warehouse: ReportWarehouse, number: int = 1, options: ReportOptions = ONLY_ACTIVITY
) -> Assessment:
    return assess(read_report_data(report_warehouse.warehouse, day(number)), options)


def some(number: int, on: int = 1) -> list[dict[str, object]]:
    return [make_record(ACTIVITY, f"{on}-{one}", on) for one in range(number)]


def test_a_day_without_problems_is_complete(fortnight: tuple[ReportWarehouse, date]) -> None:
    report_warehouse, last = fortnight

    assessment = assess(read_report_data(report_warehouse.warehouse, last), ReportOptions(EXPECTED.expected, 0.3))

    assert assessment == Assessment(
        DayStatus.OK,
        "The day is complete. All 3 dumps are loaded; 9.5% of 21 records are quarantined.",
        (),
        (),
    )


def test_an_expected_dump_that_was_not_delivered_is_a_problem(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(1))
    report_warehouse.refresh_marts()

    assessment = assessed(report_warehouse, options=ReportOptions(expected=(ACTIVITY, SMS)))

    assert assessment.status is DayStatus.INCOMPLETE
    assert assessment.sentence == "The day is incomplete: 1 dump is missing."
    assert assessment.problems == ("SMS interaction: no dump was delivered.",)


def test_the_summary_counts_refused_and_missing_dumps_apart(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.open()
    attempts = {ACTIVITY: "refused", EMAIL: "refused", COMMENT: "failed", REVIEW: "missing"}
    for entity, status in attempts.items():
        record_attempt(report_warehouse.warehouse, entity, day(1), status, "So it is.")  # type: ignore[arg-type] # one of the three

    assessment = assessed(report_warehouse, options=ReportOptions())

    assert assessment.sentence == (
        "The day is incomplete: 2 dumps were refused, 1 could not be loaded and 3 are missing."
    )
    assert len(assessment.problems) == 6


def test_findings_about_the_files_of_a_dump_are_a_warning(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(3), findings=["a.csv: the delimiter is ';'"])
    report_warehouse.refresh_marts()

    assert assessed(report_warehouse).warnings == ("Product activity: a.csv: the delimiter is ';'.",)


@pytest.mark.full
@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        pytest.param("refused", "Product comment: the dump was refused. So it is.", id="refused"),
        pytest.param("failed", "Product comment: the dump could not be loaded. So it is.", id="failed"),
        pytest.param("missing", "Product comment: no files were found. So it is.", id="missing"),
    ],
)
def test_a_dump_that_was_not_loaded_is_a_problem_with_its_reason(
    report_warehouse: ReportWarehouse, status: str, sentence: str
) -> None:
    report_warehouse.load(ACTIVITY, 1, some(1))
    report_warehouse.refresh_marts()
    record_attempt(report_warehouse.warehouse, COMMENT, day(1), status, "So it is.")  # type: ignore[arg-type] # one of the three

    assessment = assessed(report_warehouse, options=ReportOptions(expected=(ACTIVITY, COMMENT)))

    assert assessment.problems == (sentence,)


def test_a_missing_dump_that_was_not_expected_is_no_problem(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(1))
    report_warehouse.refresh_marts()
    record_attempt(report_warehouse.warehouse, COMMENT, day(1), "missing", "No files.")

    assert assessed(report_warehouse).status is DayStatus.OK


@pytest.mark.full
@pytest.mark.parametrize("is_attempted", [False, True])
def test_a_day_without_an_expected_dump_is_complete_without_a_dump(
    report_warehouse: ReportWarehouse,
    is_attempted: bool,  # noqa: FBT001 - a case
) -> None:
    report_warehouse.load(ACTIVITY, 1, some(1))
    report_warehouse.refresh_marts()
    if is_attempted:
        record_attempt(report_warehouse.warehouse, ACTIVITY, day(2), "missing", "No files.")

    assessment = assessed(report_warehouse, 2, ReportOptions(expected=()))

    assert assessment.sentence == "No dump is expected on this day, and none was delivered."


def test_a_refused_delivery_after_an_earlier_load_says_that_the_load_stays(
    report_warehouse: ReportWarehouse,
) -> None:
    report_warehouse.load(ACTIVITY, 1, some(3))
    report_warehouse.refresh_marts()
    report_warehouse.load(ACTIVITY, 1, some(1), quarantined=9, max_quarantine_rate=0.5)

    assessment = assessed(report_warehouse)

    (problem,) = assessment.problems
    assert problem.startswith("Product activity: the dump was refused. 9 of 10 records are quarantined, more than")
    assert problem.endswith(" actionId: required (9). The earlier load of this dump stays in place.")


def test_the_same_content_again_is_no_problem(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(3))
    report_warehouse.load(ACTIVITY, 1, some(3))
    report_warehouse.refresh_marts()

    assert assessed(report_warehouse).status is DayStatus.OK


@pytest.mark.full
@pytest.mark.parametrize(
    ("records", "warnings"),
    [
        pytest.param(1, ("Product activity: unusually few records, 1; a usual day has 4.",), id="few"),
        pytest.param(9, ("Product activity: unusually many records, 9; a usual day has 4.",), id="many"),
        pytest.param(8, (), id="twice"),
        pytest.param(2, (), id="half"),
    ],
)
def test_a_volume_far_from_the_median_is_a_warning(
    report_warehouse: ReportWarehouse, records: int, warnings: tuple[str, ...]
) -> None:
    for number, usual in enumerate((4, 3, 5), 1):
        report_warehouse.load(ACTIVITY, number, some(usual, on=number))
    report_warehouse.load(ACTIVITY, 4, some(records, on=4))
    report_warehouse.refresh_marts()

    assessment = assessed(report_warehouse, 4)

    assert assessment.warnings == warnings
    assert assessment.status is (DayStatus.WARNING if warnings else DayStatus.OK)


def test_the_usual_volume_is_derived_from_the_fourteen_dumps_before() -> None:
    assert usual_volume([1, 1]) is None
    known = usual_volume([1000] * 20 + [4] * 14)
    assert known is not None
    assert (known.minimum, known.records, known.maximum) == (2, 4, 8)


def test_many_quarantined_records_are_a_warning(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(8), quarantined=2)
    report_warehouse.refresh_marts()

    assessment = assessed(report_warehouse)

    assert assessment.sentence == "All dumps are loaded, with 1 warning."
    assert assessment.warnings == (
        "Product activity: 20.0% of the records are quarantined; more than 10% is unusual.",
    )


def test_restored_versions_are_a_warning(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    report_warehouse.load(ACTIVITY, 2, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2")])
    report_warehouse.load(ACTIVITY, 2, [make_record(ACTIVITY, "2")])
    report_warehouse.refresh_marts()

    assert assessed(report_warehouse, 2).warnings == (
        (
            "Product activity: 1 record was restored to an older version,"
            " because this dump no longer contains the newer one."
        ),
    )


def test_marts_that_lag_behind_are_a_warning(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, some(1))
    never = assessed(report_warehouse).warnings
    report_warehouse.refresh_marts()
    report_warehouse.load(ACTIVITY, 1, some(2))
    behind = assessed(report_warehouse).warnings

    assert never == (
        "The marts have not been built yet, so figures on people, messages and products are missing.",
    )
    assert behind == (
        "The marts have not applied the newest loads yet; figures on people and products do not include them.",
    )


def test_a_day_without_any_attempt_says_so(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.open()
    empty = assessed(report_warehouse, 2)
    report_warehouse.load(ACTIVITY, 1, some(1))
    after = assessed(report_warehouse, 2)

    assert empty.status is after.status is DayStatus.NO_DATA
    assert empty.sentence == (
        "No data for Monday, 2 March 2026: no load of that dump date was attempted."
        " None was attempted for the 29 days before either."
    )
    assert after.sentence.endswith("The newest earlier dump date is Sunday, 1 March 2026.")
