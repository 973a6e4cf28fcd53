"""Figures of a report: the worked example counted by hand, and cases that need data of their own."""

from datetime import date, timedelta

import pytest

from cdp_etl.report.data.activity import RecordsOnDay, main_activity_day
from cdp_etl.report.data.identity import IdentityChanges
from cdp_etl.report.data.messages import MessageFunnel
from cdp_etl.report.data.rejections import ReasonCount, totals
from cdp_etl.report.data.report_data import ReportData, read_report_data
from cdp_etl_tests.marts.loading import ACTIVITY, COMMENT, EMAIL, SMS, day, make_record
from cdp_etl_tests.report.days import LAST, ReportWarehouse

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def report_data(fortnight: tuple[ReportWarehouse, date]) -> ReportData:
    report_warehouse, last = fortnight
    return read_report_data(report_warehouse.warehouse, last)


def test_dumps_have_the_counts_of_the_ledger(report_data: ReportData) -> None:
    activity, email = report_data.of_day(ACTIVITY), report_data.of_day(EMAIL)

    assert activity is not None
    assert activity.loaded is not None
    assert (activity.loaded.records_read, activity.loaded.superseded, activity.loaded.quarantined) == (7, 1, 2)
    assert email is not None
    assert email.newest.records_read == 11
    assert report_data.of_day(COMMENT) is None
    assert report_data.records_before(ACTIVITY) == [5] * 7 + [4] * 6


def test_reasons_are_counted_by_entity(report_data: ReportData) -> None:
    assert report_data.reasons == (ReasonCount("customer_product_activity", "actionId: required", 2),)


def test_each_step_of_the_funnel_counts_a_recipient_once(report_data: ReportData) -> None:
    """Of four recipients two opened, one of them twice. z clicked, but no message to z was sent."""
    assert report_data.marts is not None

    assert report_data.marts.funnels == (
        MessageFunnel("email", is_latest=True, sent=4, opened=2, clicked=2, opened_any=2, clicked_any=3,
                      not_reached=1, opted_out=0),
        MessageFunnel("sms", is_latest=True, sent=2, opened=0, clicked=1, opened_any=0, clicked_any=1,
                      not_reached=0, opted_out=0),
    )  # fmt: skip # equal columns of the two channels


def test_top_products_are_those_of_the_day(report_data: ReportData) -> None:
    assert report_data.marts is not None
    top = report_data.marts.products.top

    assert [(p.name, p.day_count, p.day_customer_count) for p in top] == [("Table", 3, 3), ("Lamp", 1, 1)]
    assert report_data.marts.customer_count == 3


def test_rising_and_falling_products_changed_significantly(report_data: ReportData) -> None:
    """The lamp is viewed once a day in both weeks; the chair 28 times and never again; the table is new."""
    assert report_data.marts is not None
    products = report_data.marts.products

    assert [(p.name, p.week_count, p.week_before_count) for p in products.rising] == [("Table", 21, 0)]
    assert [(p.name, p.week_count, p.week_before_count) for p in products.falling] == [("Chair", 0, 28)]


def test_interactions_and_recipients_are_by_day(report_data: ReportData) -> None:
    assert report_data.marts is not None
    last = [
        (row.kind, row.interaction_count)
        for row in report_data.marts.interactions
        if row.activity_date == day(LAST)
    ]
    recipients = [(row.channel, row.step, row.recipient_count) for row in report_data.marts.recipients]

    assert last == [("activity", 4), ("email", 11), ("sms", 3)]
    assert recipients == [
        ("email", "clicked", 3),
        ("email", "opened", 2),
        ("email", "sent", 4),
        ("sms", "clicked", 1),
        ("sms", "sent", 2),
    ]


def test_products_of_two_companies_with_one_sku_are_two(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", company_id="A", product_name="Lamp"),
            make_record(ACTIVITY, "2", company_id="B", product_name="Lampe"),
        ],
    )
    report_warehouse.refresh_marts()

    marts = read_report_data(report_warehouse.warehouse, day(1)).marts

    assert marts is not None
    assert [(p.company_id, p.name, p.day_count) for p in marts.products.top] == [
        ("A", "Lamp", 1),
        ("B", "Lampe", 1),
    ]


def test_a_product_has_its_newest_name(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", 1, product_name="Old lamp")])
    report_warehouse.load(COMMENT, 2, [make_record(COMMENT, "1", 2, product_name="New lamp")])
    report_warehouse.refresh_marts()

    marts = read_report_data(report_warehouse.warehouse, day(2)).marts

    assert marts is not None
    assert [p.name for p in marts.products.top] == ["New lamp"]


def test_the_report_is_about_the_day_of_most_events(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(
        ACTIVITY, 5, [make_record(ACTIVITY, "1", 4), make_record(ACTIVITY, "2", 4), make_record(ACTIVITY, "3", 5)]
    )
    report_warehouse.refresh_marts()

    marts = read_report_data(report_warehouse.warehouse, day(5)).marts

    assert marts is not None
    assert marts.day == day(4)
    assert [p.day_count for p in marts.products.top] == [2]


def test_of_days_with_equally_many_events_the_later_is_reported() -> None:
    assert main_activity_day(
        (RecordsOnDay(day(1), 3), RecordsOnDay(day(2), 3), RecordsOnDay(day(3), 1)), day(9)
    ) == day(2)
    assert main_activity_day((), day(9)) == day(9)


def test_nothing_outside_of_the_thirty_days_is_read(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", 1)])
    report_warehouse.load(ACTIVITY, 31, [make_record(ACTIVITY, "2", 31)])
    report_warehouse.load(ACTIVITY, 32, [make_record(ACTIVITY, "3", 32)])
    report_warehouse.refresh_marts()

    report_data = read_report_data(report_warehouse.warehouse, day(31))

    assert report_data.marts is not None
    assert {row.dump_date for row in report_data.dumps} == {day(31)}
    assert {row.activity_date for row in report_data.marts.interactions} == {day(31)}
    assert not report_data.marts.can_compare_weeks


def test_loads_that_the_marts_have_not_applied_are_reported(report_warehouse: ReportWarehouse) -> None:
    report_warehouse.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    before = read_report_data(report_warehouse.warehouse, day(1)).marts
    report_warehouse.refresh_marts()
    after = read_report_data(report_warehouse.warehouse, day(1)).marts
    report_warehouse.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", 2)])
    pending = read_report_data(report_warehouse.warehouse, day(2)).marts

    assert before is None
    assert after is not None
    assert not after.has_pending
    assert pending is not None
    assert pending.has_pending


def test_equal_reasons_are_added_up_over_entities() -> None:
    counts = (
        ReasonCount("a", "email: required", 3),
        ReasonCount("a", "x: wrong type", 4),
        ReasonCount("b", "email: required", 2),
    )

    assert [(total.reason, total.record_count) for total in totals(counts)] == [
        ("email: required", 5),
        ("x: wrong type", 4),
    ]


def test_a_warning_about_a_key_that_may_be_a_value_leaves_the_key_out(report_warehouse: ReportWarehouse) -> None:
    odd = ["customField Nguyen Van A: not an object", "customField a@b.vn: not an object"]
    report_warehouse.load(
        ACTIVITY, 1, [make_record(ACTIVITY, str(n), warnings=[warning]) for n, warning in enumerate(odd)]
    )

    (warning,) = read_report_data(report_warehouse.warehouse, day(1)).warnings

    assert (warning.reason, warning.record_count) == ("(keys that do not read as a name): not an object", 2)


def test_warnings_are_counted_over_all_entities(report_warehouse: ReportWarehouse) -> None:
    masked = "customerPhone: not a dialable number"
    report_warehouse.load(
        ACTIVITY, 1, [make_record(ACTIVITY, "1", warnings=[masked]), make_record(ACTIVITY, "2", warnings=[masked])]
    )
    report_warehouse.load(COMMENT, 1, [make_record(COMMENT, "1", warnings=[masked])])
    report_warehouse.load(SMS, 1, [make_record(SMS, "1")])

    warnings = read_report_data(report_warehouse.warehouse, day(1)).warnings

    assert warnings == (
        ReasonCount("customer_product_activity", masked, 2),
        ReasonCount("customer_product_comment", masked, 1),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(["c:1 e:a", "c:2 e:b"], ["c:1 e:b"], IdentityChanges(1, 0, 0, 0, 0), id="customer ids merge"),
        pytest.param(["e:a"], ["c:1 e:a"], IdentityChanges(0, 1, 0, 0, 0), id="a contact is identified"),
        pytest.param(
            ["e:a", "p:1"],
            ["e:a p:1"],
            IdentityChanges(0, 0, 1, 0, 0),
            id="contacts merge",
            marks=pytest.mark.full,
        ),
        pytest.param(
            ["c:1 e:a"],
            ["c:7"],
            IdentityChanges(0, 0, 0, 0, 0),
            id="a new customer is no change",
            marks=pytest.mark.full,
        ),
    ],
)
def test_identity_changes_are_counted_in_persons(
    report_warehouse: ReportWarehouse, before: list[str], after: list[str], expected: IdentityChanges
) -> None:
    report_warehouse.load(
        ACTIVITY, 1, [make_record(ACTIVITY, f"1-{names}", 1, identifiers=names.split()) for names in before]
    )
    report_warehouse.refresh_marts()
    report_warehouse.load(
        ACTIVITY, 2, [make_record(ACTIVITY, f"2-{names}", 2, identifiers=names.split()) for names in after]
    )
    report_warehouse.refresh_marts()

    marts = read_report_data(report_warehouse.warehouse, day(2)).marts

    assert marts is not None
    assert marts.identity_changes == expected


def test_identifiers_that_a_corrected_dump_no_longer_links_split_off_or_are_lost(
    report_warehouse: ReportWarehouse,
) -> None:
    report_warehouse.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", identifiers=["c:1", "e:a"]), make_record(ACTIVITY, "2", identifiers=["c:9"])],
    )
    report_warehouse.refresh_marts()
    report_warehouse.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", identifiers=["c:1"]), make_record(ACTIVITY, "3", identifiers=["e:a"])],
    )
    report_warehouse.refresh_marts()

    marts = read_report_data(report_warehouse.warehouse, day(1)).marts

    assert marts is not None
    assert marts.identity_changes == IdentityChanges(0, 0, 0, split_off=1, lost=1)


def test_changes_of_another_dump_date_are_not_reported(fortnight: tuple[ReportWarehouse, date]) -> None:
    report_warehouse, last = fortnight

    marts = read_report_data(report_warehouse.warehouse, last - timedelta(days=1)).marts

    assert marts is not None
    assert marts.identity_changes == IdentityChanges(0, 0, 0, 0, 0)
