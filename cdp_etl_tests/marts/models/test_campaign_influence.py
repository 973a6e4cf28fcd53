"""Inferred influence of campaigns: worked examples."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from cdp_etl.marts.engine import tombstones
from cdp_etl.marts.models.campaign_influence import CAMPAIGN_INFLUENCE, PERSON_CAMPAIGN_PRODUCT_DAILY
from cdp_etl.marts.refresh import run_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, day, make_record, moment


def _click(own_id: str, campaign: str, on: int, hour: int = 12) -> dict[str, Any]:
    return make_record(
        EMAIL, own_id, on=on, hour=hour, event="clicked", identifiers=("e:a",), campaign_id=campaign
    )


def _act(own_id: str, on: int, hour: int = 12) -> dict[str, Any]:
    return make_record(ACTIVITY, own_id, on=on, hour=hour, identifiers=("c:1", "e:a"))


def _influence(loader: Loader) -> Sequence[Mapping[str, Any]]:
    run_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)
    return loader.rows(
        "SELECT campaign_id, product_sku, activity_date, interaction_count, person_count"
        " FROM marts.campaign_influence ORDER BY ALL"
    )


def test_the_last_click_before_counts_on_the_day_of_the_interaction(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1), _click("2", "NEW", 2)])
    loader.load(ACTIVITY, 1, [_act("1", 1, hour=11), _act("2", 1, hour=13), _act("3", 4), _act("4", 4)])

    assert [tuple(row.values()) for row in _influence(loader)] == [
        ("NEW", "S1", day(4), 2, 1),
        ("OLD", "S1", day(1), 1, 1),
    ]


def test_a_click_counts_for_so_many_times_24_hours_and_no_longer(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1, hour=12)])
    loader.load(ACTIVITY, 1, [_act("1", 8, hour=12), _act("2", 8, hour=13)])

    assert [row["interaction_count"] for row in _influence(loader)] == [1]

    longer = Loader(loader.folder, MartSettings(influence_days=8))
    assert [row["interaction_count"] for row in _influence(longer)] == [2]


def test_a_late_click_moves_what_came_after_it(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 3)])
    assert [row["campaign_id"] for row in _influence(loader)] == ["OLD"]

    loader.load(EMAIL, 9, [_click("2", "NEW", 2)])

    assert [row["campaign_id"] for row in _influence(loader)] == ["NEW"]


def test_a_click_of_an_address_counts_for_the_person_that_it_comes_to_belong_to(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=2, identifiers=("c:1",))])
    assert _influence(loader) == []

    loader.load(ACTIVITY, 30, [_act("2", 30)])

    assert [row["activity_date"] for row in _influence(loader)] == [day(2)]


def test_persons_are_told_apart_before_they_are_added_up(loader: Loader) -> None:
    """One person with two addresses is one; another who clicked in the same campaign is the second."""
    loader.load(
        EMAIL,
        1,
        [
            _click("1", "K", 1),
            make_record(EMAIL, "2", event="clicked", identifiers=("e:b",), campaign_id="K"),
        ],
    )
    loader.load(
        ACTIVITY,
        1,
        [
            _act("1", 2),
            make_record(ACTIVITY, "2", on=2, identifiers=("c:1", "e:other")),
            make_record(ACTIVITY, "3", on=2, identifiers=("e:b",)),
        ],
    )

    (total,) = _influence(loader)

    assert (total["interaction_count"], total["person_count"]) == (3, 2)
    rows = loader.rows(
        "SELECT person_id, campaign_id, product_sku, activity_date, interaction_count"
        " FROM marts.person_campaign_product_daily ORDER BY person_id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c:1", "K", "S1", day(2), 2),
        ("e:b", "K", "S1", day(2), 1),
    ]


def test_a_click_a_moment_too_old_counts_no_more(loader: Loader) -> None:
    """Seven times 24 hours to the microsecond, whatever calendar days lie between."""
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    late = moment(8) + timedelta(microseconds=1)
    loader.load(ACTIVITY, 1, [_act("1", 8), _act("2", 8) | {"occurred_at": late}])

    assert [row["interaction_count"] for row in _influence(loader)] == [1]


def test_of_persons_who_merge_a_click_reaches_what_either_did_within_the_days_and_no_more(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 10)])
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, str(on), on=on, identifiers=("c:1",), product_sku=f"S{on}")
            for on in (1, 9, 10, 12, 17, 18, 30)
        ],
    )
    assert _influence(loader) == []

    loader.load(ACTIVITY, 31, [make_record(ACTIVITY, "link", on=31, identifiers=("c:1", "e:a"))])

    assert [row["product_sku"] for row in _influence(loader)] == ["S10", "S12", "S17"]


def test_only_the_days_of_products_that_changed_are_made_anew(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2), _act("2", 3)])
    _influence(loader)

    loader.load(ACTIVITY, 2, [_act("3", 3)])
    result = run_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)

    assert (result.touched, result.rows_deleted, result.rows_inserted) == (1, 1, 1)
    assert [row["interaction_count"] for row in _influence(loader)] == [1, 2]


def test_a_load_that_changes_no_influence_leaves_what_there_is_alone(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2)])
    before = _influence(loader)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", on=2, identifiers=("c:other",))])
    result = run_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)

    assert (result.touched, result.rows_deleted, result.rows_inserted) == (0, 0, 0)
    assert all(check.passed for check in result.checks)
    assert _influence(loader) == before


def test_what_left_is_remembered_until_the_mart_that_tells_by_it_has_seen_it(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves more than half of a mart, which is then published anew, and else forgets it."""
    monkeypatch.setattr(tombstones, "_MOST", 0)
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2)])
    assert len(_influence(loader)) == 1

    loader.load(ACTIVITY, 2, [_act("1", 2) | {"record_status": "Deleted"}])
    run_mart(loader.warehouse, PERSON_CAMPAIGN_PRODUCT_DAILY, loader.settings)
    assert _influence(loader) == []

    loader.load(ACTIVITY, 3, [_act("2", 30)])
    run_mart(loader.warehouse, PERSON_CAMPAIGN_PRODUCT_DAILY, loader.settings)
    assert loader.rows("FROM mart_storage.person_campaign_product_daily_tombstones") == []
