"""Worked examples of `interaction`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import ACTIVITY, COMMENT, EMAIL, REVIEW, SMS, SUBSCRIBER, Loader, day, make_record

_KINDS = (
    pytest.param(ACTIVITY, {"action": "Wishlist"}, "activity", "wishlist", id="activity"),
    pytest.param(ACTIVITY, {"action": "AddToCart"}, "activity", "add_to_cart", id="camel case"),
    pytest.param(ACTIVITY, {"action": " add-to cart "}, "activity", "add_to_cart", id="blanks and dashes"),
    pytest.param(ACTIVITY, {"action": "SMSShare2Friend"}, "activity", "sms_share2_friend", id="acronym"),
    pytest.param(ACTIVITY, {"action": "Yêu Thích"}, "activity", "yêu_thích", id="diacritics"),
    pytest.param(ACTIVITY, {"action": "!!"}, "activity", "!!", id="no letter at all"),
    pytest.param(COMMENT, {}, "comment", "comment", id="comment"),
    pytest.param(REVIEW, {}, "review", "review", id="review"),
    pytest.param(SUBSCRIBER, {"status": "Subscribed"}, "subscribe", "subscribe", id="subscription"),
    pytest.param(SUBSCRIBER, {"status": "Unsubscribed"}, "unsubscribe", "unsubscribe", id="its end"),
    pytest.param(EMAIL, {"event": "opened"}, "email", "email_opened", id="e-mail"),
    pytest.param(SMS, {"event": "Clicked"}, "sms", "sms_clicked", id="sms"),
)
_AMOUNTS = (
    pytest.param(ACTIVITY, {"price": 19.99, "quantity": 3}, "59.97", id="price x quantity, exactly"),
    pytest.param(ACTIVITY, {"price": 19.99}, "19.99", id="no quantity counts as one"),
    pytest.param(ACTIVITY, {"price": 19.99, "quantity": 0}, "0", id="a quantity of zero"),
    pytest.param(ACTIVITY, {"quantity": 3}, None, id="no price"),
    pytest.param(ACTIVITY, {"price": 1e15, "quantity": 0}, "0", id="nothing, at a price that does not fit"),
    pytest.param(ACTIVITY, {"quantity": 0}, None, id="nothing, at no price"),
    pytest.param(ACTIVITY, {"price": 1e300}, None, id="a price that does not fit"),
    pytest.param(ACTIVITY, {"price": 9e13, "quantity": 9}, None, id="an amount that does not fit"),
    pytest.param(COMMENT, {"product_price": 9.0, "product_price4_sale": 7.5}, "7.5", id="after discounts"),
    pytest.param(COMMENT, {"product_price": 9.0}, "9", id="no discount"),
    pytest.param(REVIEW, {"product_price": 9.0, "product_price4_sale": 0.1}, "0.1", id="review"),
    pytest.param(SUBSCRIBER, {}, None, id="subscription"),
    pytest.param(EMAIL, {}, None, id="e-mail"),
)
_CHANNELS = (
    pytest.param(EMAIL, {}, "email", id="e-mail"),
    pytest.param(SMS, {}, "sms", id="sms"),
    pytest.param(SUBSCRIBER, {"source_channel": "Offline"}, "offline", id="subscription"),
    pytest.param(ACTIVITY, {}, None, id="activity"),
)
_CASES = [cast("tuple[Entity, dict[str, Any]]", case.values[:2]) for case in (*_KINDS, *_AMOUNTS, *_CHANNELS)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """Return the row of each case by its number. One load per entity, because a load costs more than a record."""
    loader = Loader(tmp_path_factory.mktemp("cases"))
    for entity in ENTITIES:
        records = [
            make_record(entity, str(number), **values)
            for number, (of, values) in enumerate(_CASES)
            if of is entity
        ]
        loader.load(entity, 1, records)
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)
    return {row["record_id"]: row for row in loader.rows("FROM marts.interaction")}


def _row(rows: Mapping[str, dict[str, Any]], entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
    return rows[str(_CASES.index((entity, values)))]


@pytest.mark.parametrize(("entity", "values", "kind", "action"), _KINDS)
def test_kind_is_a_closed_list_and_action_is_in_snake_case(
    rows: Mapping[str, dict[str, Any]], entity: Entity, values: dict[str, Any], kind: str, action: str
) -> None:
    row = _row(rows, entity, values)

    assert (row["entity"], row["kind"], row["action"]) == (entity.table, kind, action)


@pytest.mark.parametrize(("entity", "values", "amount"), _AMOUNTS)
def test_amount_is_price_times_quantity(
    rows: Mapping[str, dict[str, Any]], entity: Entity, values: dict[str, Any], amount: str | None
) -> None:
    assert _row(rows, entity, values)["amount"] == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(("entity", "values", "channel"), _CHANNELS)
def test_channel_of_each_entity(
    rows: Mapping[str, dict[str, Any]], entity: Entity, values: dict[str, Any], channel: str | None
) -> None:
    assert _row(rows, entity, values)["channel"] == channel


def test_a_record_with_a_masked_contact_has_no_customer(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=())])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    assert loader.rows("SELECT customer_key FROM marts.interaction") == [{"customer_key": None}]


def test_a_corrected_record_moves_to_its_new_day(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", on=1), make_record(ACTIVITY, "2", on=1)])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", on=-30)])
    result = refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    assert loader.rows("SELECT record_id, activity_date FROM marts.interaction ORDER BY ALL") == [
        {"record_id": "1", "activity_date": day(-30)},
        {"record_id": "2", "activity_date": day(1)},
    ]
    assert (result.rows_deleted, result.rows_inserted, result.row_count) == (1, 1, 2)


def test_a_deleted_record_is_restored_if_the_dump_that_deleted_it_is_replaced(loader: Loader) -> None:
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1")])
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", record_status="Deleted")])
    assert refresh_mart(loader.warehouse, INTERACTION, loader.settings).row_count == 0

    loader.load(ACTIVITY, 2, [])
    assert refresh_mart(loader.warehouse, INTERACTION, loader.settings).row_count == 1


def test_records_of_two_entities_with_one_key_are_distinct(loader: Loader) -> None:
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:a@x.vn",))])
    loader.load(SMS, 1, [make_record(SMS, "1", identifiers=("p:+84900000001",))])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    loader.load(SMS, 1, [])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    assert [row["entity"] for row in loader.rows("FROM marts.interaction")] == ["email_interaction"]


@pytest.mark.parametrize(
    ("entity", "values", "action_type", "event_type"),
    [
        pytest.param(ACTIVITY, {"action": "AddToCart"}, "add_to_cart", None, id="as it is called here"),
        pytest.param(ACTIVITY, {"action": "Thêm vào giỏ hàng"}, "add_to_cart", None, id="in Vietnamese"),
        pytest.param(ACTIVITY, {"action": "product_viewed"}, "view", None, id="in other words"),
        pytest.param(ACTIVITY, {"action": "Order Refunded"}, "refund", None, id="a refund"),
        pytest.param(ACTIVITY, {"action": "wobble"}, "other", None, id="an unknown action"),
        pytest.param(COMMENT, {}, "comment", None, id="a comment"),
        pytest.param(SUBSCRIBER, {"status": "Unsubscribed"}, "unsubscribe", None, id="the end of a subscription"),
        pytest.param(EMAIL, {"event": "unique_opened"}, None, "opened", id="an event"),
        pytest.param(SMS, {"event": "STOP"}, None, "unsubscribed", id="an event of an SMS"),
        pytest.param(EMAIL, {"event": "wobble"}, None, None, id="an unknown event"),
    ],
)
def test_each_interaction_has_a_type_from_a_closed_list(
    loader: Loader, entity: Entity, values: Mapping[str, Any], action_type: str | None, event_type: str | None
) -> None:
    loader.load(entity, 1, [make_record(entity, "1", **values)])
    refresh_mart(loader.warehouse, INTERACTION, loader.settings)

    assert loader.rows("SELECT action_type, event_type FROM marts.interaction") == [
        {"action_type": action_type, "event_type": event_type}
    ]
