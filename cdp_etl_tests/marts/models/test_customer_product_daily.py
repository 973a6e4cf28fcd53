"""Worked examples of the marts by day."""

from decimal import Decimal

from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.interaction_daily import INTERACTION_DAILY
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import (
    ACTIVITY,
    EMAIL,
    NO_SALES,
    REVIEW,
    SUBSCRIBER,
    Loader,
    at_hour,
    day,
    make_record,
)


def test_one_customer_one_product_two_days(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=1, hour=8, action="Search", price=5.0),
            make_record(ACTIVITY, "2", on=1, hour=9, action="AddToCart", price=5.0, quantity=2),
            make_record(ACTIVITY, "3", on=2, hour=7, action="Search"),
        ],
    )
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=1, hour=20, rating=4, product_price=5.0)])
    loader.load(SUBSCRIBER, 1, [make_record(SUBSCRIBER, "1", on=1, hour=21, status="Unsubscribed")])

    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    first, second = loader.rows("FROM marts.customer_product_daily ORDER BY activity_date")
    assert first == {
        "company_id": "",
        "activity_date": day(1),
        "customer_key": "c:1",
        "product_sku": "S1",
        "interaction_count": 4,
        "activity_count": 2,
        "comment_count": 0,
        "review_count": 1,
        "subscribe_count": 0,
        "unsubscribe_count": 1,
        "action_counts": {"add_to_cart": 1, "review": 1, "search": 1, "unsubscribe": 1},
        "activity_amount": Decimal(15),
        "ratings": [4],
        "newest_rating": {
            "occurred_at": at_hour(1, 20),
            "dump_date": day(1),
            "system_name": "",
            "record_id": "1",
            "rating": 4,
        },
        "newest_subscription": {
            "occurred_at": at_hour(1, 21),
            "dump_date": day(1),
            "system_name": "",
            "record_id": "1",
            "is_subscribed": False,
        },
        **NO_SALES,
        "first_at": at_hour(1, 8),
        "last_at": at_hour(1, 21),
    }
    assert (second["interaction_count"], second["activity_amount"], second["newest_rating"]) == (1, None, None)


def test_a_total_order_decides_the_last_rating(loader: Loader) -> None:
    """Of ratings with one timestamp the later dump decides, then system name, then id; a null rating never."""
    loader.load(REVIEW, 1, [make_record(REVIEW, "9", rating=1)])
    loader.load(
        REVIEW,
        2,
        [
            make_record(REVIEW, "1", rating=2, system_name="A"),
            make_record(REVIEW, "2", rating=3, system_name="A"),
            make_record(REVIEW, "3", rating=None, hour=23),
        ],
    )

    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    (row,) = loader.rows("SELECT newest_rating.rating AS newest, ratings FROM marts.customer_product_daily")
    assert row == {"newest": 3, "ratings": [1, 2, 3]}


def test_interactions_without_customer_or_product_are_counted_but_not_attributed(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2", identifiers=())])
    loader.load(
        EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:a@x.vn",)), make_record(EMAIL, "2", identifiers=())]
    )

    refresh_mart(loader.warehouse, INTERACTION_DAILY, loader.settings)
    result = refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    assert result.row_count == 1
    counts = loader.rows("SELECT * EXCLUDE (company_id, activity_date) FROM marts.interaction_daily ORDER BY kind")
    assert [tuple(row.values()) for row in counts] == [("activity", 2, 1, 0, 1), ("email", 2, 1, 2, 0)]


def test_only_changed_groups_are_recomputed(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, str(number), product_sku=f"S{number}") for number in range(9)])
    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "3", product_sku="S4")])
    result = refresh_mart(loader.warehouse, CUSTOMER_PRODUCT_DAILY, loader.settings)

    assert (result.affected_keys, result.rows_deleted, result.rows_inserted) == (2, 2, 1)
