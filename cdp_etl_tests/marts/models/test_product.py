"""Worked examples of `product_daily` and `product`."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from cdp_etl.marts.models.product import PRODUCT, PRODUCT_DAILY
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import (
    ACTIVITY,
    COMMENT,
    NO_SALES,
    REVIEW,
    SUBSCRIBER,
    Loader,
    at_hour,
    day,
    make_record,
)
from cdp_etl_tests.marts.recomputed import rounded


def test_a_product_aggregates_all_its_records(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=1, product_name="Old", price=9.0, product_category="Phones"),
            make_record(ACTIVITY, "2", on=2, identifiers=(), action="Search"),
        ],
    )
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=3, rating=4), make_record(REVIEW, "2", on=3, rating=1)])
    loader.load(COMMENT, 4, [make_record(COMMENT, "1", on=4, product_name="New", product_price=8.0)])
    loader.load(
        SUBSCRIBER,
        5,
        [make_record(SUBSCRIBER, "1", on=5), make_record(SUBSCRIBER, "2", on=5, status="Unsubscribed")],
    )

    refresh_mart(loader.warehouse, PRODUCT, loader.settings)

    (row,) = loader.rows("FROM marts.product")
    assert row == {
        "company_id": "",
        "product_sku": "S1",
        "product_name": "New",
        "product_category": "Phones",
        "product_category_id": None,
        "product_image_link": None,
        "product_link": None,
        "price": Decimal(8),
        "interaction_count": 7,
        "activity_count": 2,
        "wishlist_count": 1,
        "comment_count": 1,
        "review_count": 2,
        "subscription_count": 1,
        "rating_count": 2,
        "rating_average": 2.5,
        **NO_SALES,
        "first_at": at_hour(1),
        "last_at": at_hour(5),
    }


def test_of_two_records_with_one_timestamp_the_later_dump_names_the_product(loader: Loader) -> None:
    loader.load(COMMENT, 2, [make_record(COMMENT, "1", product_name="Second dump")])
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "9", product_name="First dump")])

    refresh_mart(loader.warehouse, PRODUCT, loader.settings)

    assert loader.rows("SELECT product_name FROM marts.product") == [{"product_name": "Second dump"}]


@pytest.mark.parametrize(("sign", "average"), [(1, 4.9563), (-1, -4.9563)])
def test_an_average_that_is_exactly_between_two_is_rounded_away_from_zero(
    loader: Loader, sign: int, average: float
) -> None:
    """793 / 160 is 4.95625, which no DOUBLE holds exactly: rounding the DOUBLE gave 4.9562."""
    ratings = [sign * rating for rating in [5] * 153 + [4] * 7]
    loader.load(REVIEW, 1, [make_record(REVIEW, str(n), rating=rating) for n, rating in enumerate(ratings)])

    refresh_mart(loader.warehouse, PRODUCT, loader.settings)

    assert loader.rows("SELECT rating_average FROM marts.product") == [{"rating_average": average}]
    assert average == rounded(Fraction(sum(ratings), len(ratings)), 4)


def test_a_sum_of_the_largest_ratings_does_not_overflow(loader: Loader) -> None:
    largest = 2**63 - 1
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", rating=largest), make_record(REVIEW, "2", rating=largest)])

    refresh_mart(loader.warehouse, PRODUCT_DAILY, loader.settings)

    assert loader.rows("SELECT rating_sum FROM marts.product_daily") == [{"rating_sum": Decimal(2 * largest)}]


def test_a_product_that_gains_a_later_day_is_updated_from_its_stored_row(loader: Loader) -> None:
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=1, rating=4, product_name="Lamp", product_price=9.0)])
    refresh_mart(loader.warehouse, PRODUCT, loader.settings)
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.product_daily")

    loader.load(REVIEW, 2, [make_record(REVIEW, "2", on=2, rating=1, product_name=None, product_price=8.0)])
    refresh_mart(loader.warehouse, PRODUCT, loader.settings)

    (row,) = loader.rows("FROM marts.product")
    assert (row["product_name"], row["price"]) == ("Lamp", Decimal(8))
    assert (row["interaction_count"], row["rating_count"], row["rating_average"]) == (2, 2, 2.5)
    assert (row["first_at"], row["last_at"]) == (at_hour(1), at_hour(2))


def test_a_late_or_deleted_record_recomputes_the_product_from_all_its_days(loader: Loader) -> None:
    """The name of day 2 is newer than the late name of day 1 until the record of day 2 is deleted."""
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=2, product_name="New")])
    refresh_mart(loader.warehouse, PRODUCT, loader.settings)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", on=1, product_name="Old")])
    refresh_mart(loader.warehouse, PRODUCT, loader.settings)
    assert _name_count_and_last(loader) == ("New", 2, at_hour(2))

    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "1", on=2, product_name="New", record_status="Deleted")])
    refresh_mart(loader.warehouse, PRODUCT, loader.settings)
    assert _name_count_and_last(loader) == ("Old", 1, at_hour(1))


def _name_count_and_last(loader: Loader) -> tuple[str, int, datetime]:
    (row,) = loader.rows("FROM marts.product")
    return row["product_name"], row["interaction_count"], row["last_at"]


def test_each_day_of_a_product_has_its_newest_attributes(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=1, hour=8, price=9.0, product_name="Lamp"),
            make_record(ACTIVITY, "2", on=1, hour=9, price=7.5, identifiers=()),
            make_record(ACTIVITY, "3", on=2, action="Search", product_name="Lamp, red"),
        ],
    )
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=1, rating=4), make_record(REVIEW, "2", on=1, rating=None)])

    refresh_mart(loader.warehouse, PRODUCT_DAILY, loader.settings)

    rows = loader.rows(
        "SELECT activity_date, interaction_count, activity_count, wishlist_count, review_count, rating_count,"
        " rating_sum, newest_name.value AS name, newest_price.value AS price"
        " FROM marts.product_daily ORDER BY activity_date"
    )
    assert [tuple(row.values()) for row in rows] == [
        (day(1), 4, 2, 2, 2, 1, Decimal(4), "Lamp", Decimal("7.5")),
        (day(2), 1, 1, 0, 0, 0, Decimal(0), "Lamp, red", None),
    ]
