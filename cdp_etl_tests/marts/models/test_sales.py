"""Worked examples of purchases, refunds and revenue (docs/marts.md#revenue)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from cdp_etl.marts.models.customer import CUSTOMER
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.product import PRODUCT
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, REVIEW, Loader, make_record

_SALES = "purchase_count, refund_count, sale_quantity, revenue, sale_without_amount_count"
_WITH_SALES = (
    "customer_product_daily",
    "customer_product",
    "customer_daily",
    "customer",
    "product_daily",
    "product",
)


def _activity(own_id: str, action: str, **values: Any) -> dict[str, Any]:
    return make_record(ACTIVITY, own_id, identifiers=("e:a@x.vn",), action=action, **values)


def _load_the_example(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            _activity("1", "Purchase", price=200.0, quantity=3),
            _activity("2", "mua hàng", price=50.0),
            _activity("3", "Refund", price=200.0, quantity=1),
            _activity("4", "Purchase", quantity=2),
            _activity("5", "Search", price=999.0),
        ],
    )
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", identifiers=("e:a@x.vn",), product_price=7.0)])
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:a@x.vn",))])
    refresh_marts(loader.warehouse, loader.settings, [CUSTOMER_PRODUCT, CUSTOMER, PRODUCT])


def _of_example(loader: Loader) -> Mapping[str, dict[str, Any]]:
    return {mart: loader.rows(f"SELECT {_SALES} FROM marts.{mart}")[0] for mart in _WITH_SALES}


def test_revenue_is_the_amount_of_purchases_minus_that_of_refunds(loader: Loader) -> None:
    _load_the_example(loader)

    expected = {
        "purchase_count": 3,
        "refund_count": 1,
        "sale_quantity": Decimal(3 + 1 - 1 + 2),
        "revenue": Decimal(600 + 50 - 200),
        "sale_without_amount_count": 1,
    }
    assert _of_example(loader) == dict.fromkeys(_WITH_SALES, expected)


def test_a_later_day_adds_to_the_sales_and_a_deleted_purchase_is_taken_off(loader: Loader) -> None:
    _load_the_example(loader)
    loader.load(ACTIVITY, 2, [_activity("6", "Purchase", on=2, price=30.0)])
    refresh_marts(loader.warehouse, loader.settings, [CUSTOMER_PRODUCT, CUSTOMER, PRODUCT])
    assert {loader.rows(f"SELECT sum(revenue) AS n FROM marts.{mart}")[0]["n"] for mart in _WITH_SALES} == {480}

    loader.load(ACTIVITY, 3, [_activity("1", "Purchase", price=200.0, quantity=3, record_status="Deleted")])
    refresh_marts(loader.warehouse, loader.settings, [CUSTOMER_PRODUCT, CUSTOMER, PRODUCT])
    assert {loader.rows(f"SELECT sum(revenue) AS n FROM marts.{mart}")[0]["n"] for mart in _WITH_SALES} == {-120}


def test_which_actions_are_purchases_and_refunds_is_a_setting(loader: Loader) -> None:
    _load_the_example(loader)
    settings = MartSettings(purchase_actions=("search",), refund_actions=())
    refresh_marts(loader.warehouse, settings, [CUSTOMER_PRODUCT, CUSTOMER, PRODUCT])

    expected = {
        "purchase_count": 1,
        "refund_count": 0,
        "sale_quantity": Decimal(1),
        "revenue": Decimal(999),
        "sale_without_amount_count": 0,
    }
    assert _of_example(loader) == dict.fromkeys(_WITH_SALES, expected)


def test_a_sale_has_a_sign_of_its_own_whatever_sign_is_delivered(loader: Loader) -> None:
    """The smallest integer has no positive counterpart; 1e300 fits no amount."""
    cases: Mapping[str, tuple[str, dict[str, Any], tuple[Any, ...]]] = {
        "1": ("Refund", {"price": 5.0, "quantity": 2}, ("refund", -2, Decimal(-10))),
        "2": ("Refund", {"price": 5.0, "quantity": -2}, ("refund", -2, Decimal(-10))),
        "3": ("Refund", {"price": 5.0}, ("refund", -1, Decimal(-5))),
        "4": ("Refund", {"price": 5.0, "quantity": 0}, ("refund", 0, Decimal(0))),
        "5": ("Refund", {"quantity": -(2**63)}, ("refund", -(2**63), None)),
        "6": ("Purchase", {"price": 1e300}, ("purchase", 1, None)),
        "7": ("Wishlist", {"price": 5.0, "quantity": 2}, (None, None, None)),
    }
    loader.load(ACTIVITY, 1, [_activity(own_id, action, **of) for own_id, (action, of, _) in cases.items()])
    refresh_marts(loader.warehouse, loader.settings, [INTERACTION])

    rows = loader.rows("SELECT record_id, sale_type, sale_quantity, revenue FROM marts.interaction")
    assert {row["record_id"]: tuple(row.values())[1:] for row in rows} == {
        own_id: expected for own_id, (_, _, expected) in cases.items()
    }


@pytest.mark.parametrize("mart", _WITH_SALES)
def test_the_sum_of_the_largest_amounts_does_not_overflow(mart: str, absurd: Loader) -> None:
    assert absurd.rows(f"SELECT revenue, sale_quantity FROM marts.{mart}") == [
        {"revenue": 3 * Decimal(90_000_000_000_000), "sale_quantity": Decimal(3 * (2**63 - 1))}
    ]


@pytest.fixture(scope="module")
def absurd(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Return a warehouse with purchases of the largest amounts and quantities."""
    loader = Loader(tmp_path_factory.mktemp("absurd"))
    most = [_activity(f"q{number}", "Purchase", quantity=2**63 - 1) for number in range(3)]
    highest = [_activity(f"p{number}", "Purchase", price=9e13, quantity=1) for number in range(3)]
    nothing = [_activity(f"r{number}", "Refund", quantity=1) for number in range(3)]
    loader.load(ACTIVITY, 1, [*most, *highest, *nothing])
    refresh_marts(loader.warehouse, loader.settings, [CUSTOMER_PRODUCT, CUSTOMER, PRODUCT])
    return loader
