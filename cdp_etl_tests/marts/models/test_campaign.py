"""Worked examples of `campaign_attribution` and `campaign`."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdp_etl.marts.models.campaign import CAMPAIGN
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, at_hour, day, make_record


def _event(own_id: str, campaign: str | None, on: int, hour: int = 12, event: str = "clicked") -> dict[str, Any]:
    return make_record(
        EMAIL,
        own_id,
        on=on,
        hour=hour,
        event=event,
        identifiers=("e:a",),
        campaign_id=campaign,
        campaign_name=f"Name of {campaign} on {on}",
    )


def _sale(own_id: str, on: int, price: float | None, hour: int = 12, action: str = "Purchase") -> dict[str, Any]:
    return make_record(ACTIVITY, own_id, on=on, hour=hour, identifiers=("c:1", "e:a"), action=action, price=price)


def _attributed(loader: Loader, model: str) -> list[tuple[Any, ...]]:
    refresh_mart(loader.warehouse, CAMPAIGN, loader.settings)
    rows = loader.rows(
        "SELECT campaign_id, day(activity_date) AS day, share_count, attributed_purchases::VARCHAR AS purchases,"
        f" attributed_revenue::VARCHAR AS revenue FROM marts.campaign_attribution WHERE model = '{model}'"
        " ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


@pytest.fixture
def example(loader: Loader) -> Loader:
    """Return a warehouse with the example of docs/marts.md."""
    loader.load(
        EMAIL,
        9,
        [
            _event("s", "A", 1, hour=8, event="sent"),
            _event("1", "A", 1),
            _event("2", "B", 2),
            _event("3", "A", 3),
            _event("4", None, 3, hour=13),
        ],
    )
    loader.load(ACTIVITY, 9, [_sale("1", 4, 100.0), _sale("2", 8, 50.0), _sale("3", 9, 20.0, action="Refund")])
    return loader


def test_the_example_of_the_documentation(example: Loader) -> None:
    assert _attributed(example, "last_touch") == [
        ("A", 4, 1, "1.0000", "100.0000"),
        ("A", 8, 1, "1.0000", "50.0000"),
        ("A", 9, 1, "0.0000", "-20.0000"),
    ]
    assert _attributed(example, "first_touch") == [
        ("A", 4, 1, "1.0000", "100.0000"),
        ("A", 9, 1, "0.0000", "-20.0000"),
        ("B", 8, 1, "1.0000", "50.0000"),
    ]
    assert _attributed(example, "linear") == [
        ("A", 4, 2, "0.6667", "66.6667"),
        ("A", 8, 1, "0.5000", "25.0000"),
        ("A", 9, 1, "0.0000", "-20.0000"),
        ("B", 4, 1, "0.3333", "33.3333"),
        ("B", 8, 1, "0.5000", "25.0000"),
    ]
    assert example.rows("FROM marts.campaign ORDER BY campaign_id")[0] == {
        "company_id": "",
        "channel": "email",
        "service_provider": "Brevo",
        "campaign_id": "A",
        "campaign_name": "Name of A on 3",
        "first_date": day(1),
        "last_date": day(3),
        "event_count": 3,
        "sent_count": 1,
        "delivered_count": 0,
        "opened_count": 0,
        "opened_with_machines_count": 0,
        "clicked_count": 1,
        "unsubscribed_count": 0,
        "open_rate": 0.0,
        "click_rate": 1.0,
        "attribution_model": "last_touch",
        "attributed_purchases": Decimal(2),
        "attributed_revenue": Decimal(130),
    }


def test_a_changed_setting_changes_window_touches_and_model(example: Loader) -> None:
    settings = MartSettings(
        attribution_days=1, attribution_touches=("clicked", "opened"), attribution_model="linear"
    )
    example.load(EMAIL, 10, [_event("5", "B", 3, hour=13, event="opened")])
    changed = Loader(example.folder, settings)

    assert _attributed(changed, "linear") == [("B", 4, 1, "1.0000", "100.0000")]
    assert changed.rows("SELECT campaign_id, attribution_model, attributed_revenue FROM marts.campaign") == [
        {"campaign_id": "A", "attribution_model": "linear", "attributed_revenue": Decimal(0)},
        {"campaign_id": "B", "attribution_model": "linear", "attributed_revenue": Decimal(100)},
    ]


def test_a_touch_counts_from_its_own_timestamp_until_just_before_the_end_of_the_window(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_event("1", "K", 1)])
    just_before = at_hour(8) - timedelta(microseconds=1)
    loader.load(
        ACTIVITY,
        8,
        [_sale("1", 1, 1.0), _sale("2", 8, 2.0) | {"occurred_at": just_before}, _sale("3", 8, 4.0)],
    )

    assert [row[-1] for row in _attributed(loader, "first_touch")] == ["1.0000", "2.0000"]


def test_the_last_touch_has_the_rest_of_a_share_also_of_a_refund(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_event(str(number), f"K{number}", 1, hour=number) for number in range(3)])
    loader.load(ACTIVITY, 1, [_sale("1", 2, 0.0005), _sale("2", 3, 200.0, action="Refund")])

    shares = [row[-1] for row in _attributed(loader, "linear")]

    assert shares == ["0.0001", "-66.6666", "0.0001", "-66.6666", "0.0003", "-66.6668"]


def test_a_late_touch_and_a_merge_of_persons_attribute_earlier_sales_again(loader: Loader) -> None:
    loader.load(EMAIL, 1, [_event("1", "OLD", 1)])
    loader.load(
        ACTIVITY, 1, [make_record(ACTIVITY, "1", on=3, identifiers=("c:2",), action="Purchase", price=9.0)]
    )
    assert _attributed(loader, "last_touch") == []

    loader.load(ACTIVITY, 30, [make_record(ACTIVITY, "2", on=30, identifiers=("c:2", "e:a"))])
    assert _attributed(loader, "last_touch") == [("OLD", 3, 1, "1.0000", "9.0000")]

    loader.load(EMAIL, 31, [_event("2", "NEW", 2)])
    assert [row[0] for row in _attributed(loader, "last_touch")] == ["NEW"]
    assert [row["attributed_revenue"] for row in loader.rows("FROM marts.campaign ORDER BY campaign_id")] == [9, 0]
