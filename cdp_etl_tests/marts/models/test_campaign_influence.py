"""Worked examples of last-touch attribution to campaigns."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from cdp_etl.marts.engine import tombstones
from cdp_etl.marts.models.campaign_influence import CAMPAIGN_INFLUENCE, PERSON_CAMPAIGN_PRODUCT_DAILY
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, at_hour, day, make_record


def _click(own_id: str, campaign: str, on: int, hour: int = 12) -> dict[str, Any]:
    return make_record(
        EMAIL, own_id, on=on, hour=hour, event="clicked", identifiers=("e:a",), campaign_id=campaign
    )


def _act(own_id: str, on: int, hour: int = 12) -> dict[str, Any]:
    return make_record(ACTIVITY, own_id, on=on, hour=hour, identifiers=("c:1", "e:a"))


def _influence(loader: Loader) -> Sequence[Mapping[str, Any]]:
    refresh_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)
    return loader.rows(
        "SELECT campaign_id, product_sku, activity_date, interaction_count, person_count"
        " FROM marts.campaign_influence ORDER BY ALL"
    )


def test_an_interaction_counts_for_the_last_click_on_the_day_of_the_interaction(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1), _click("2", "NEW", 2)])
    loader.load(ACTIVITY, 4, [_act("1", 1, hour=11), _act("2", 1, hour=13), _act("3", 4), _act("4", 4)])

    assert [tuple(row.values()) for row in _influence(loader)] == [
        ("NEW", "S1", day(4), 2, 1),
        ("OLD", "S1", day(1), 1, 1),
    ]


def test_a_click_counts_within_the_attribution_window_only(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1, hour=12)])
    loader.load(ACTIVITY, 8, [_act("1", 8, hour=12), _act("2", 8, hour=13)])

    assert [row["interaction_count"] for row in _influence(loader)] == [1]

    longer = Loader(loader.folder, MartSettings(influence_days=8))
    assert [row["interaction_count"] for row in _influence(longer)] == [2]


@pytest.mark.full
def test_a_click_of_the_same_millisecond_is_before_the_interaction(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1), _click("2", "SAME", 2)])
    loader.load(ACTIVITY, 1, [_act("1", 2)])

    assert [row["campaign_id"] for row in _influence(loader)] == ["SAME"]


@pytest.mark.full
def test_a_click_without_a_campaign_is_passed_over(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1), _click("2", "NONE", 2) | {"campaign_id": None}])
    loader.load(ACTIVITY, 1, [_act("1", 3)])

    assert [row["campaign_id"] for row in _influence(loader)] == ["OLD"]


def test_a_late_click_reattributes_the_interactions_after_it(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "OLD", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 3)])
    assert [row["campaign_id"] for row in _influence(loader)] == ["OLD"]

    loader.load(EMAIL, 9, [_click("2", "NEW", 2)])

    assert [row["campaign_id"] for row in _influence(loader)] == ["NEW"]


@pytest.mark.full
def test_a_click_counts_for_the_person_that_its_address_is_later_linked_to(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=2, identifiers=("c:1",))])
    assert _influence(loader) == []

    loader.load(ACTIVITY, 30, [_act("2", 30)])

    assert [row["activity_date"] for row in _influence(loader)] == [day(2)]


def test_persons_are_counted_once_whatever_their_number_of_addresses(loader: Loader) -> None:
    """The first person has two addresses; the second clicked in the same campaign."""
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


@pytest.mark.full
def test_a_click_one_microsecond_too_old_does_not_count(loader: Loader) -> None:
    """The attribution window is seven times 24 hours, not seven calendar days."""
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    late = at_hour(8) + timedelta(microseconds=1)
    loader.load(ACTIVITY, 8, [_act("1", 8), _act("2", 8) | {"occurred_at": late}])

    assert [row["interaction_count"] for row in _influence(loader)] == [1]


def test_after_a_merge_a_click_counts_for_interactions_of_both_persons_within_the_window(loader: Loader) -> None:
    loader.load(EMAIL, 10, [_click("1", "K", 10)])
    loader.load(
        ACTIVITY,
        30,
        [
            make_record(ACTIVITY, str(on), on=on, identifiers=("c:1",), product_sku=f"S{on}")
            for on in (1, 9, 10, 12, 17, 18, 30)
        ],
    )
    assert _influence(loader) == []

    loader.load(ACTIVITY, 31, [make_record(ACTIVITY, "link", on=31, identifiers=("c:1", "e:a"))])

    assert [row["product_sku"] for row in _influence(loader)] == ["S10", "S12", "S17"]


@pytest.mark.full
def test_only_changed_days_of_products_are_recomputed(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2), _act("2", 3)])
    _influence(loader)

    loader.load(ACTIVITY, 2, [_act("3", 3)])
    result = refresh_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)

    assert (result.affected_keys, result.rows_deleted, result.rows_inserted) == (1, 1, 1)
    assert [row["interaction_count"] for row in _influence(loader)] == [1, 2]


@pytest.mark.full
def test_a_load_that_changes_no_attribution_writes_nothing(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2)])
    before = _influence(loader)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "2", on=2, identifiers=("c:other",))])
    result = refresh_mart(loader.warehouse, CAMPAIGN_INFLUENCE, loader.settings)

    assert (result.affected_keys, result.rows_deleted, result.rows_inserted) == (0, 0, 0)
    assert all(check.passed for check in result.checks)
    assert _influence(loader) == before


def test_tombstones_are_kept_until_the_downstream_mart_has_applied_them(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than half of the mart is deleted; a mart without a follower would drop these tombstones."""
    monkeypatch.setattr(tombstones, "MIN_COMPACTION_ROWS", 0)
    loader.load(EMAIL, 1, [_click("1", "K", 1)])
    loader.load(ACTIVITY, 1, [_act("1", 2)])
    assert len(_influence(loader)) == 1

    loader.load(ACTIVITY, 2, [_act("1", 2) | {"record_status": "Deleted"}])
    refresh_mart(loader.warehouse, PERSON_CAMPAIGN_PRODUCT_DAILY, loader.settings)
    assert _influence(loader) == []

    loader.load(ACTIVITY, 3, [_act("1", 2)])
    assert len(_influence(loader)) == 1
    loader.load(ACTIVITY, 4, [_act("1", 2) | {"record_status": "Deleted"}])
    refresh_mart(loader.warehouse, PERSON_CAMPAIGN_PRODUCT_DAILY, loader.settings)
    (tombstone,) = loader.rows("FROM mart_storage.person_campaign_product_daily_tombstones")
    assert tombstone["deleted_by_load_seq"] == 5
