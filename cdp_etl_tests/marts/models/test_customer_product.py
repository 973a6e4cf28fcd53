"""Worked examples of affinity between persons and products."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY
from cdp_etl.marts.models.customer_product import CUSTOMER_PRODUCT
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import AFFINITY_WEIGHTS, MartSettings
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts.loading import ACTIVITY, REVIEW, SUBSCRIBER, Loader, day, make_record
from cdp_etl_tests.marts.recomputed_persons import decimals


def _pairs(loader: Loader) -> Sequence[Mapping[str, Any]]:
    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT, loader.settings)
    return loader.rows("FROM marts.customer_product ORDER BY person_id, affinity_rank")


def test_the_example_of_the_documentation(loader: Loader) -> None:
    """A wish (3) 60 days before the last day counts a quarter, a purchase (10) on the last day in full: 10.75."""
    loader.load(
        ACTIVITY,
        61,
        [
            make_record(ACTIVITY, "1", on=1, action="Wishlist"),
            make_record(ACTIVITY, "2", on=61, action="Purchase"),
        ],
    )

    (pair,) = _pairs(loader)

    assert pair["affinity_score"] == 10.75
    assert (pair["last_date"], pair["active_day_count"], pair["affinity_rank"]) == (day(61), 2, 1)


@pytest.mark.full
@pytest.mark.parametrize(
    ("records", "score"),
    [
        pytest.param(
            [(ACTIVITY, {"action": "Compare"})],
            1.0,
            id="an action without a weight of its own",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [(ACTIVITY, {"action": "Low Rating"})], 1.0, id="an activity named like the weight of a review"
        ),
        pytest.param(
            [(ACTIVITY, {"action": "LowRating"}), (REVIEW, {"rating": 1})],
            1.0 - 5.0,
            id="such an activity and a low rating",
        ),
        pytest.param([(REVIEW, {"rating": 5})], 3.0, id="a good review"),
        pytest.param([(REVIEW, {"rating": 2})], -5.0, id="a low rating"),
        pytest.param([(REVIEW, {"rating": None})], 3.0, id="a review without rating", marks=pytest.mark.full),
        pytest.param([(SUBSCRIBER, {"status": "Unsubscribed"})], -3.0, id="an ended subscription"),
        pytest.param(
            [(ACTIVITY, {"action": "Purchase"}), (REVIEW, {"rating": 1})],
            5.0,
            id="bought and regretted",
            marks=pytest.mark.full,
        ),
    ],
)
def test_each_action_has_its_weight(loader: Loader, records: Sequence[tuple[Any, Any]], score: float) -> None:
    for entity, values in records:
        loader.load(entity, 1, [make_record(entity, "1", **values)])

    (pair,) = _pairs(loader)

    assert pair["affinity_score"] == score


def test_the_rank_of_products_is_the_same_on_any_day(loader: Loader) -> None:
    """Ten points of 61 days ago rank below three of today, on any later day too."""
    loader.load(
        ACTIVITY,
        61,
        [
            make_record(ACTIVITY, "1", on=1, action="Purchase", product_sku="OLD"),
            make_record(ACTIVITY, "2", on=61, action="Wishlist", product_sku="NEW"),
        ],
    )
    loader.load(REVIEW, 61, [make_record(REVIEW, "1", on=61, rating=1, product_sku="BAD")])

    pairs = _pairs(loader)

    assert [pair["product_sku"] for pair in pairs] == ["NEW", "OLD", "BAD"]
    assert [pair["affinity_score"] for pair in pairs] == [3.0, 10.0, -5.0]
    assert pairs[0]["affinity_order"] > pairs[1]["affinity_order"]
    days = (day(61) - date(2000, 1, 1)).days
    assert pairs[0]["affinity_order"] == pytest.approx(log2(3) + days / 30, abs=1e-6)
    assert pairs[2]["affinity_order"] is None


@pytest.mark.full
@given(days=st.lists(st.integers(1, 40), min_size=2, max_size=4))
@example(days=[2, 7, 37])
@examples(5)
def test_a_score_does_not_depend_on_the_order_of_loads(days: Sequence[int]) -> None:
    """Each day has a purchase (10): the score halves every 30 days, then the score of the next day is added.

    Python and DuckDB may round a tie of the sixth digit differently (the days 2, 7 and 37 give 19.4544935), once
    for each day. The difference halves as the score does, so two units are enough.
    """
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(Path(folder))
        for number, on in enumerate(days):
            purchase = make_record(ACTIVITY, str(number), on=on, action="Purchase")
            loader.load(ACTIVITY, number + 40, [purchase])
            (pair,) = _pairs(loader)
        with loader.warehouse.reading() as connection:
            assert check_matches_full_rebuild(connection, CUSTOMER_PRODUCT, loader.settings).violations == 0

    score, last = 0.0, min(days)
    for on, purchases in sorted(Counter(days).items()):
        score, last = round(score * 0.5 ** ((on - last) / 30) + 10 * purchases, 6), on
    assert pair["affinity_score"] == pytest.approx(score, abs=2.5e-6)
    assert (pair["active_day_count"], pair["interaction_count"]) == (len(set(days)), len(days))


def test_a_pair_that_gains_a_later_day_is_updated_from_its_stored_row(loader: Loader) -> None:
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=1, rating=4)])
    loader.load(SUBSCRIBER, 1, [make_record(SUBSCRIBER, "1", on=1)])
    _pairs(loader)
    _delete_days(loader)
    loader.load(ACTIVITY, 31, [make_record(ACTIVITY, "1", on=31, action="Purchase")])

    (pair,) = _pairs(loader)

    assert pair["affinity_score"] == (3 + 3) / 2 + 10
    assert (pair["active_day_count"], pair["interaction_count"], pair["review_count"]) == (2, 3, 1)
    assert (pair["last_rating"], pair["is_subscribed"]) == (4, True)


def test_a_late_or_deleted_record_recomputes_the_pair_from_all_its_days(loader: Loader) -> None:
    loader.load(REVIEW, 31, [make_record(REVIEW, "1", on=1, rating=4), make_record(REVIEW, "2", on=31, rating=5)])
    assert [pair["affinity_score"] for pair in _pairs(loader)] == [3 / 2 + 3]

    loader.load(ACTIVITY, 32, [make_record(ACTIVITY, "1", on=1, action="Purchase")])
    assert [pair["affinity_score"] for pair in _pairs(loader)] == [13 / 2 + 3]

    loader.load(REVIEW, 33, [make_record(REVIEW, "2", on=31, record_status="Deleted")])
    (pair,) = _pairs(loader)
    assert (pair["affinity_score"], pair["last_date"], pair["last_rating"]) == (13.0, day(1), 4)


@pytest.mark.full
def test_a_record_added_and_deleted_between_two_runs_changes_no_pair(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=1, action="Purchase")])
    before = _pairs(loader)

    loader.load(ACTIVITY, 9, [make_record(ACTIVITY, "2", on=9)])
    loader.load(ACTIVITY, 10, [make_record(ACTIVITY, "2", on=9, record_status="Deleted")])

    assert _pairs(loader) == before


@pytest.mark.full
def test_persons_merged_by_a_record_of_a_new_day_have_their_pairs_recomputed_from_all_days(loader: Loader) -> None:
    loader.load(
        ACTIVITY, 1, [make_record(ACTIVITY, "1", on=1), make_record(ACTIVITY, "2", on=1, identifiers=("e:a",))]
    )
    assert len(_pairs(loader)) == 2

    loader.load(ACTIVITY, 31, [make_record(ACTIVITY, "3", on=31, identifiers=("c:1", "e:a"))])

    (pair,) = _pairs(loader)
    assert (pair["interaction_count"], pair["active_day_count"], pair["affinity_score"]) == (3, 2, (3 + 3) / 2 + 3)


def _delete_days(loader: Loader) -> None:
    """Delete the days, so that a pair can be computed from its stored row alone."""
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM mart_storage.customer_product_daily")


def test_a_split_assigns_the_days_to_the_persons_of_their_identifiers(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "link", identifiers=("c:1", "e:a"), product_sku="S2")])
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1"), make_record(ACTIVITY, "2", identifiers=("e:a",))])
    assert [(pair["person_id"], pair["interaction_count"]) for pair in _pairs(loader)] == [("c:1", 2), ("c:1", 1)]

    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "link", identifiers=("c:1", "e:a"), record_status="Deleted")])

    assert [(pair["person_id"], pair["product_sku"], pair["interaction_count"]) for pair in _pairs(loader)] == [
        ("c:1", "S1", 1),
        ("e:a", "S1", 1),
    ]


@pytest.mark.full
def test_an_identifier_removed_and_added_between_two_runs_adds_no_deleted_interactions(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", on=1, identifiers=("e:a",)), make_record(ACTIVITY, "2", identifiers=("c:1",))],
    )
    _pairs(loader)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", on=1, identifiers=("e:a",), record_status="Deleted")])
    refresh_mart(loader.warehouse, CUSTOMER_IDENTITY, loader.settings)
    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "3", on=3, identifiers=("c:1", "e:a"))])
    refresh_mart(loader.warehouse, CUSTOMER_IDENTITY, loader.settings)

    assert [(pair["person_id"], pair["interaction_count"]) for pair in _pairs(loader)] == [("c:1", 2)]


@pytest.mark.full
def test_a_day_that_begins_before_the_previous_day_ends_is_not_a_later_day(tmp_path: Path) -> None:
    """On 7 November 2010, at a minute past midnight, Newfoundland set its clocks back to the day before."""
    loader = Loader(tmp_path, business_timezone="America/St_Johns")
    loader.load(
        REVIEW,
        1,
        [make_record(REVIEW, "1", rating=1, activity_date=date(2010, 11, 6), occurred_at=_utc(7, 2, 45))],
    )
    assert [pair["last_rating"] for pair in _pairs(loader)] == [1]

    loader.load(
        REVIEW,
        2,
        [make_record(REVIEW, "2", rating=5, activity_date=date(2010, 11, 7), occurred_at=_utc(7, 2, 30))],
    )

    assert [pair["last_rating"] for pair in _pairs(loader)] == [1]


def _utc(day_of_month: int, hour: int, minute: int) -> datetime:
    return datetime(2010, 11, day_of_month, hour, minute, tzinfo=UTC)


@pytest.mark.full
def test_interactions_under_two_identifiers_of_one_person_are_one_pair(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", identifiers=("c:1", "e:a")),
            make_record(ACTIVITY, "2", identifiers=("e:a",)),
            make_record(ACTIVITY, "3", identifiers=("e:b",)),
        ],
    )

    assert [(pair["person_id"], pair["interaction_count"]) for pair in _pairs(loader)] == [("c:1", 2), ("e:b", 1)]


@pytest.mark.full
def test_a_merge_moves_pairs_of_any_age(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", on=-900, identifiers=("c:1",)),
            make_record(ACTIVITY, "2", on=-900, identifiers=("e:b",)),
        ],
    )
    assert len(_pairs(loader)) == 2

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "3", identifiers=("c:1", "e:b"), product_sku="S2")])
    pairs = _pairs(loader)

    assert [(pair["person_id"], pair["product_sku"], pair["interaction_count"]) for pair in pairs] == [
        ("c:1", "S2", 1),
        ("c:1", "S1", 2),
    ]


@pytest.mark.full
def test_a_pair_without_new_interactions_is_not_rewritten(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", identifiers=("c:1",)), make_record(ACTIVITY, "2", identifiers=("c:2",))],
    )
    refresh_mart(loader.warehouse, CUSTOMER_PRODUCT, loader.settings)

    loader.load(ACTIVITY, 90, [make_record(ACTIVITY, "3", on=90, identifiers=("c:2",))])
    result = refresh_mart(loader.warehouse, CUSTOMER_PRODUCT, loader.settings)

    assert (result.affected_keys, result.rows_deleted, result.rows_inserted) == (1, 1, 1)


def test_other_weights_and_another_half_life_are_settings(loader: Loader) -> None:
    loader.load(ACTIVITY, 11, [make_record(ACTIVITY, "1", on=1), make_record(ACTIVITY, "2", on=11)])
    _pairs(loader)

    settings = MartSettings(
        affinity_weights={"wishlist": 8.0, "low_rating": 0.0, "other": 0.0}, affinity_half_life_days=10.0
    )
    (pair,) = _pairs(Loader(loader.folder, settings))

    assert pair["affinity_score"] == 12.0


@pytest.mark.parametrize(
    ("action", "weight"),
    [
        pytest.param("Wishlist", 3.0, id="the weight of the name"),
        pytest.param("Yêu thích", 3.0, id="else of the type"),
        pytest.param("AddedToCart", 4.0, id="of another type"),
        pytest.param("Refund", 0.5, id="a type without a weight is other"),
        pytest.param("wobble", 0.5, id="and an unknown action"),
        pytest.param("buy", 7.0, id="a name has precedence over its type"),
        pytest.param("low_rating", 0.5, id="a reserved name"),
    ],
)
def test_the_weight_of_an_action_is_that_of_its_name_else_of_its_type(
    loader: Loader, action: str, weight: float
) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", action=action)])
    settings = MartSettings(affinity_weights={**AFFINITY_WEIGHTS, "buy": 7.0, "other": 0.5})

    (pair,) = _pairs(Loader(loader.folder, settings))

    assert pair["affinity_score"] == weight


def test_a_score_that_is_exactly_between_two_is_rounded_away_from_zero(loader: Loader) -> None:
    """With a half-life of a day, -5 points are worth -0.0390625 after seven days: -0.039063."""
    loader.load(REVIEW, 1, [make_record(REVIEW, "1", on=1, rating=1)])
    loader.load(ACTIVITY, 8, [make_record(ACTIVITY, "1", on=8, action="Search")])

    (pair,) = _pairs(Loader(loader.folder, MartSettings(affinity_half_life_days=1.0)))

    assert pair["affinity_score"] == 0.960937
    assert pair["affinity_score"] == float(1 + decimals(Decimal(-5) / 2**7, 6))


def test_a_score_of_any_size_is_updated_without_loss(loader: Loader) -> None:
    """A DOUBLE has no millionths of a score of ten billion: the stored row carries them apart."""
    settings = MartSettings(affinity_weights={"wishlist": 1e9, "view": 0.000001, "other": 0.0, "low_rating": 0.0})
    large = Loader(loader.folder, settings)
    wishes = [make_record(ACTIVITY, str(number), on=1) for number in range(11)]
    large.load(ACTIVITY, 1, [*wishes, make_record(ACTIVITY, "view", on=1, action="View")])
    _pairs(large)
    _delete_days(large)
    large.load(ACTIVITY, 31, [make_record(ACTIVITY, "later", on=31, action="View")])
    _pairs(large)

    assert large.rows("SELECT affinity_millionths FROM mart_storage.customer_product") == [
        {"affinity_millionths": Decimal(5_500_000_000_000_001 + 1)}
    ]


@pytest.mark.parametrize("half_life", [30.0, 1.0, 0.7])
def test_the_share_that_is_left_after_some_days_has_fifteen_decimals(half_life: float) -> None:
    shares = MartSettings(affinity_half_life_days=half_life).affinity_decay

    exact = [decimals(Decimal("0.5") ** (day / Decimal(str(half_life))), 15) for day in range(len(shares))]
    assert list(shares) == [int(share.scaleb(15)) for share in exact]
    assert shares[-1] == 0


@pytest.mark.full
def test_the_newest_subscription_decides_is_subscribed(loader: Loader) -> None:
    loader.load(
        SUBSCRIBER,
        1,
        [
            make_record(SUBSCRIBER, "1", on=2, status="Unsubscribed"),
            make_record(SUBSCRIBER, "2", on=1, status="Subscribed"),
        ],
    )

    (pair,) = _pairs(loader)

    assert pair["is_subscribed"] is False
