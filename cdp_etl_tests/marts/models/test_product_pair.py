"""Worked examples of baskets and product pairs."""

from datetime import timedelta
from typing import Any

from cdp_etl.marts.models.product_pair import BASKET_MONTH, PERSON_BASKET, PRODUCT_PAIR
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, at_hour, make_record

DAY = 24 * 60


def _view(own_id: str, person: str, sku: str, minute: int, action: str = "View") -> dict[str, Any]:
    """Return an activity some minutes after ten o'clock of day 1."""
    return make_record(
        ACTIVITY,
        own_id,
        on=1 + minute // DAY,
        identifiers=(person,),
        product_sku=sku,
        action=action,
        occurred_at=at_hour(1, 10) + timedelta(minutes=minute),
    )


def _baskets(loader: Loader) -> list[str]:
    refresh_mart(loader.warehouse, PERSON_BASKET, loader.settings)
    rows = loader.rows(
        "SELECT person_id || ' ' || basket_kind || ' ' || list_aggregate(products, 'string_agg', ',') AS basket"
        " FROM marts.person_basket ORDER BY person_id, basket_kind DESC, started_at"
    )
    return [row["basket"] for row in rows]


_EXAMPLE = [
    _view("1", "c:1", "A", 0),
    _view("2", "c:1", "B", 20),
    _view("3", "c:1", "C", 49),
    _view("4", "c:1", "A", 79),
    _view("5", "c:2", "A", 0, "Purchase"),
    _view("6", "c:2", "B", 1),
    _view("7", "c:2", "C", DAY + 50, "Purchase"),
    _view("8", "c:2", "D", 2 * DAY + 30, "Purchase"),
    _view("9", "c:3", "B", 0),
]
"""The example of docs/marts.md."""


def test_the_example_of_the_documentation(loader: Loader) -> None:
    loader.load(ACTIVITY, 4, _EXAMPLE)

    assert _baskets(loader) == [
        "c:1 seen A,B,C",
        "c:1 seen A",
        "c:2 seen A,B",
        "c:2 seen C",
        "c:2 seen D",
        "c:2 bought A",
        "c:2 bought C,D",
        "c:3 seen B",
    ]
    refresh_mart(loader.warehouse, PRODUCT_PAIR, loader.settings)
    (pair,) = loader.rows("FROM marts.product_pair")
    assert pair == {
        "company_id": "",
        "basket_kind": "seen",
        "product_a": "A",
        "product_b": "B",
        "basket_count": 2,
        "product_a_basket_count": 3,
        "product_b_basket_count": 3,
        "all_basket_count": 6,
        "support": 0.333333,
        "confidence_a_to_b": 0.666667,
        "confidence_b_to_a": 0.666667,
        "lift": 1.333333,
        "pair_rank": 1,
    }


def test_thresholds_prune_the_pairs_that_are_shown_and_large_baskets_are_counted(loader: Loader) -> None:
    loader.load(ACTIVITY, 4, _EXAMPLE)
    settings = MartSettings(max_basket_products=2, pair_min_baskets=1, max_pairs_per_product=1)
    pruned = Loader(loader.folder, settings)
    for mart in (PRODUCT_PAIR, BASKET_MONTH):
        refresh_mart(pruned.warehouse, mart, settings)

    assert pruned.rows("SELECT basket_kind, product_a, product_b FROM marts.product_pair ORDER BY ALL") == [
        {"basket_kind": "bought", "product_a": "C", "product_b": "D"},
        {"basket_kind": "seen", "product_a": "A", "product_b": "B"},
    ]
    assert pruned.rows(
        "SELECT basket_kind, basket_count, left_out_basket_count, person_count FROM marts.basket_month"
        " ORDER BY basket_kind"
    ) == [
        {"basket_kind": "bought", "basket_count": 2, "left_out_basket_count": 0, "person_count": 1},
        {"basket_kind": "seen", "basket_count": 6, "left_out_basket_count": 1, "person_count": 3},
    ]


def test_a_late_record_joins_two_baskets_and_a_deletion_splits_them(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [_view("1", "c:1", "A", 0), _view("2", "c:1", "B", 40)])
    assert _baskets(loader) == ["c:1 seen A", "c:1 seen B"]

    loader.load(ACTIVITY, 2, [_view("3", "c:1", "C", 20)])
    assert _baskets(loader) == ["c:1 seen A,B,C"]

    loader.load(ACTIVITY, 3, [_view("3", "c:1", "C", 20) | {"record_status": "Deleted"}])
    assert _baskets(loader) == ["c:1 seen A", "c:1 seen B"]


def test_a_merge_of_persons_merges_their_baskets_and_writes_no_other(loader: Loader) -> None:
    records = [_view("1", "c:1", "A", 0), _view("2", "c:2", "B", 10), _view("3", "c:1", "C", 600)]
    loader.load(ACTIVITY, 1, records)
    _baskets(loader)

    link = make_record(ACTIVITY, "9", on=2, identifiers=("c:1", "c:2"), product_sku="C")
    loader.load(ACTIVITY, 2, [link])
    result = refresh_mart(loader.warehouse, PERSON_BASKET, loader.settings)

    assert (result.rows_deleted, result.rows_inserted) == (2, 2)
    assert _baskets(loader) == ["c:1 seen A,B", "c:1 seen C", "c:1 seen C"]
