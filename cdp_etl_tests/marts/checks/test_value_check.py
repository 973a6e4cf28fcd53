"""Value rules: a run that writes an impossible value is rolled back, whatever made the value."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.table import DOUBLE, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.business_days import business_days
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.checks.model import MartCheckError
from cdp_etl.marts.checks.value_rules import value_rules_of
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.value_rule import at_most
from cdp_etl.marts.refresh import rebuild_marts, refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, make_record
from cdp_etl_tests.marts.published import damage, load_version, rows_read

_BEFORE_CHRIST = "TIMESTAMPTZ '184312-01-01 (BC) 00:00:00+00'"
"""The year -184311, which DuckDB 2.0.0 once committed."""
_FIELD = "struct_update({struct}, place := struct_update({struct}.place, occurred_at := " + _BEFORE_CHRIST + "))"


@pytest.mark.parametrize("garbage", [_BEFORE_CHRIST, "TIMESTAMPTZ '9999-12-31 00:00:00+00'"])
def test_a_garbage_timestamp_rolls_the_run_back_and_the_snapshot_stays(published: Loader, garbage: str) -> None:
    before = latest_snapshot(published.folder / "published")
    load_version(published, 2)
    damage(
        published, f"UPDATE staging.customer_product_activity SET occurred_at = {garbage} WHERE action_id = '1'"
    )

    with pytest.raises(MartCheckError) as raised:
        published.publish()

    assert str(raised.value) == (
        "The run of the mart interaction was rolled back, and the snapshot is unchanged: values_are_valid failed"
        " (affected keys): days_are_those_of_timestamps (1 rows), timestamps_are_in_range (1 rows)."
        " The next run rebuilds the mart before anything is published. To rebuild it and its upstream marts now,"
        " run `cdp-etl marts rebuild --all`."
    )
    assert latest_snapshot(published.folder / "published") == before
    assert rows_read(published) == 4
    ((newest,),) = [
        row.values() for row in published.rows("SELECT max(written_by_load_seq) FROM mart_storage.interaction")
    ]
    assert newest == 3


def test_a_rebuild_checks_all_rows(published: Loader) -> None:
    damage(published, f"UPDATE staging.customer_product_review SET occurred_at = {_BEFORE_CHRIST}")

    with pytest.raises(MartCheckError) as raised:
        rebuild_marts(published.warehouse, published.settings)

    failed = {
        result.check.name: (result.scope, result.found) for result in raised.value.results if not result.passed
    }
    assert failed == {"values_are_valid": ("all rows", 2)}


def test_a_run_checks_the_rows_that_it_wrote_and_no_others(published: Loader) -> None:
    """A day costs a day: rows of other runs are checked by the weekly full check."""
    damage(
        published,
        "UPDATE mart_storage.interaction SET rating = 5, amount = -1, occurred_at = " + _BEFORE_CHRIST,
    )
    published.load(ACTIVITY, 2, [make_record(ACTIVITY, "other", identifiers=("c:2",), product_sku="S2")])

    (result,) = (
        one for one in refresh_marts(published.warehouse, published.settings) if one.mart == "interaction"
    )

    assert result.rows_inserted == 1
    assert {one.check.name for one in result.checks if not one.passed} == set()


_DAMAGES = [
    ("interaction", f"occurred_at = {_BEFORE_CHRIST}", "timestamps_are_in_range"),
    ("interaction", "occurred_at = occurred_at + INTERVAL 4 DAY", "timestamps_are_in_range"),
    ("interaction", "occurred_at = occurred_at - INTERVAL 1 DAY", "days_are_those_of_timestamps"),
    ("interaction", "dump_date = DATE '9999-12-31'", "days_are_in_range"),
    ("interaction", "activity_date = DATE '184312-01-01 (BC)'", "days_are_those_of_timestamps"),
    ("interaction", "kind = 'question'", "kind_is_listed"),
    ("interaction_daily", "without_customer_count = 99", "without_customer_count_is_at_most_interaction_count"),
    ("interaction_daily", "customer_and_product_count = 99", "parts_add_up"),
    ("customer_product_daily", "first_at = last_at + INTERVAL 1 SECOND", "first_at_is_not_after_last_at"),
    (
        "customer_product_daily",
        "action_counts = MAP {'wishlist': 7}",
        "interaction_count_is_the_sum_of_action_counts",
    ),
    ("customer_product_daily", "ratings = [1, 2, 3]", "ratings_are_of_reviews"),
    ("identifier_link", "record_count = 0", "record_count_is_positive"),
    ("customer_identity", "email_count = -1", "counts_are_not_negative"),
    ("customer_product", "affinity_score = 'NaN'", "numbers_are_finite"),
    ("customer_product", "active_day_count = 99", "active_day_count_is_at_most_interaction_count"),
    ("customer_product", "last_date = last_date + 1", "days_are_those_of_timestamps"),
    ("product_daily", f"newest_name = {_FIELD.format(struct='newest_name')}", "timestamps_are_in_range"),
    ("product_daily", "wishlist_count = 99", "wishlist_count_is_at_most_activity_count"),
    ("product", "rating_average = 'inf'", "numbers_are_finite"),
    ("product", "comment_count = 9000000000000000000", "interaction_count_is_at_least_the_sum_of_its_parts"),
    ("campaign_daily", "open_rate = 1.5", "rates_are_from_0_to_1"),
    ("campaign_daily", "event_counts = MAP {'opened': 0}", "event_count_is_the_sum_of_event_counts"),
    (
        "campaign_daily",
        "cohort_opened_count = 99",
        "cohort_opened_count_is_at_most_cohort_opened_with_machines_count",
    ),
    (
        "campaign_daily",
        "cohort_opened_with_machines_count = 99",
        "cohort_opened_with_machines_count_is_at_most_cohort_count",
    ),
    ("customer_daily", "sms_count = 9", "interaction_count_is_the_sum_of_its_parts"),
    ("customer", "activity_count = 9223372036854775807", "interaction_count_is_the_sum_of_its_parts"),
    ("customer", "purchase_count = 1", "purchases_have_a_last_day"),
    ("product", "refund_count = 99", "sales_are_activities"),
    ("customer_cohort", "activity_month = DATE '1999-01-01'", "months_are_in_range"),
    ("customer_cohort", "cohort_month = DATE '2026-03-02'", "months_are_in_order"),
    ("person_campaign_product_daily", "activity_date = DATE '9999-12-31'", "days_are_in_range"),
    ("campaign_influence", "person_count = 99", "person_count_is_at_most_interaction_count"),
    ("campaign", "sent_count = 99", "sent_count_is_at_most_event_count"),
    ("person_basket", "products = []", "products_are_those_counted"),
    ("product_pair_month", "product_b = 'A'", "products_are_in_order"),
    ("basket_month", "left_out_basket_count = 99", "left_out_basket_count_is_at_most_basket_count"),
]


@pytest.mark.full
def test_each_rule_finds_the_rows_that_break_it(published: Loader) -> None:
    published.load(
        EMAIL, 2, [make_record(EMAIL, "2", hour=1, event="clicked", identifiers=("e:a",), campaign_id="K")]
    )
    refresh_marts(published.warehouse, published.settings)
    for mart, change, rule in _DAMAGES:
        with published.warehouse.writing() as connection:
            connection.begin()
            ((changed,),) = connection.execute(f"UPDATE mart_storage.{mart} SET {change}").fetchall()
            results = {one.check.name: one for one in run.check_all_rows(connection, mart_named(mart))}
            connection.rollback()
            unharmed = {one.check.name: one for one in run.check_all_rows(connection, mart_named(mart))}

        assert changed > 0
        assert f"{rule} ({changed} rows)" in results["values_are_valid"].keys, (mart, change)
        assert unharmed["values_are_valid"].passed


def test_every_rule_of_every_mart_has_a_sentence_and_a_name_of_its_own() -> None:
    for mart in MARTS:
        rules = value_rules_of(mart)
        assert len({rule.name for rule in rules}) == len(rules)
        assert all(rule.description.endswith(".") for rule in rules)
        assert bool(rules) == ("values_are_valid" in {check.name for check in checks_of(mart)})
        has_values = any(column.type != TEXT for column in mart.columns)
        assert bool(rules) == (mart.change_log_of is None and has_values)


def test_a_new_mart_has_the_rules_that_follow_from_its_columns() -> None:
    mart = Mart(
        name="new_mart",
        columns=(
            TableColumn("company_id", TEXT, "Company."),
            c.ACTIVITY_DATE,
            c.count("order_count", "Orders."),
            c.count("buyer_count", "Buyers."),
            TableColumn("return_rate", DOUBLE, "Returns."),
            c.FIRST_AT,
            c.LAST_AT,
        ),
        refresh_scope=None,
        value_rules=(at_most("buyer_count", "order_count"),),
    )

    assert {rule.name for rule in value_rules_of(mart)} == {
        "timestamps_are_in_range",
        "days_are_in_range",
        "first_at_is_not_after_last_at",
        "days_are_those_of_timestamps",
        "counts_are_not_negative",
        "rates_are_from_0_to_1",
        "numbers_are_finite",
        "buyer_count_is_at_most_order_count",
    }


_ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


_INSTANTS = st.integers(0, 35 * 365 * 24 * 60).map(
    lambda minute: datetime(2000, 1, 2, tzinfo=UTC) + timedelta(minutes=minute)
)


@given(st.sampled_from(_ZONES), _INSTANTS)
@examples(50)
def test_an_instant_is_within_the_bounds_of_its_day_in_any_zone(zone: str, instant: datetime) -> None:
    day = pl.Series([instant]).dt.convert_time_zone(zone).dt.date().item()

    ((starts_at, ends_at),) = (
        business_days(zone, (day.year,)).filter(pl.col("day") == day).select("starts_at", "ends_at").iter_rows()
    )

    assert starts_at <= instant < ends_at
    assert timedelta(hours=20) < ends_at - starts_at < timedelta(hours=28)


@pytest.mark.parametrize(
    ("zone", "day", "starts_at", "hours"),
    [
        pytest.param(
            "Asia/Ho_Chi_Minh", date(2026, 3, 1), datetime(2026, 2, 28, 17, tzinfo=UTC), 24, id="no change"
        ),
        pytest.param(
            "Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), 23, id="summer time"
        ),
        pytest.param(
            "America/St_Johns", date(2010, 11, 6), datetime(2010, 11, 6, 2, 30, tzinfo=UTC), 25, id="midnight"
        ),
    ],
)
def test_the_bounds_of_a_day_follow_the_clocks(zone: str, day: date, starts_at: datetime, hours: int) -> None:
    ((first, end),) = (
        business_days(zone, (day.year,)).filter(pl.col("day") == day).select("starts_at", "ends_at").iter_rows()
    )

    assert (first, end - first) == (starts_at, timedelta(hours=hours))
