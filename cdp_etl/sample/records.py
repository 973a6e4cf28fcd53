"""Values of the rows of each entity's dump: one function per entity, called by `make_frame`.

Column names are those of the contract. The columns are all fields that the entity declares (checked by a test),
custom fields and a few unknown keys. `faults.py` mutates the rows later.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.sample import column_groups, phrases
from cdp_etl.sample.campaigns import Funnel, campaign_columns, make_funnel
from cdp_etl.sample.catalogue import SHOP
from cdp_etl.sample.column_groups import Columns
from cdp_etl.sample.record_ids import DumpRows
from cdp_etl.sample.seeded_random import Draws, IntArray, constant, null_unless, pick
from cdp_etl.sample.shared_data import SharedData

UNKNOWN_KEYS: Final = frozenset({"productId", "appVersion", "userAgent"})
"""Delivered keys that the contract's entity may not declare."""

_ACTIONS: Final = ("View", "Search", "Wishlist", "AddToCart", "Purchase", "Compare", "Share")
_ACTION_WEIGHTS: Final = (45, 20, 12, 12, 6, 3, 2)
_EMAIL_SYSTEMS: Final = (("EDM-Platform", 80, True), ("", 20, False))
_SMS_SYSTEMS: Final = (("SMS-GW", 70, True), ("SMS-GW-2", 30, False))
_FIRST_SENDING: Final = 3_600_000
_SENDING_SPAN: Final = 8 * 3_600_000


def _phrase(draws: Draws, name: str, pool: Sequence[str]) -> pl.Series:
    return pick(pool, draws.below(name, len(pool)))


def _activity(shared: SharedData, rows: DumpRows) -> Columns:
    record, version = rows.record, rows.version
    person = shared.people.draw(record)
    product = shared.catalogue.draw(record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    action = record.weighted("action", _ACTION_WEIGHTS)
    is_search, is_wish = action == _ACTIONS.index("Search"), action == _ACTIONS.index("Wishlist")
    is_buying = (action == _ACTIONS.index("AddToCart")) | (action == _ACTIONS.index("Purchase"))
    return {
        **system,
        **shared.people.columns(person, ("internalCompanyId",)),
        "actionId": rows.own_id("0"),
        "action": pick(_ACTIONS, action),
        "actionAt": column_groups.delivered_timestamp(system, rows.occurred_at()),
        "actionStatus": null_unless(
            pick(("Success", "Pending", "Failed"), version.weighted("status", (90, 7, 3))),
            version.chance("has status", 0.7),
        ),
        "textResult": null_unless(_phrase(record, "search", phrases.SEARCHES), is_search),
        "boolResult": null_unless(pl.Series(version.chance("result", 0.9)), is_wish),
        "longResult": null_unless(pl.Series(record.below("hits", 2_000)), is_search),
        "doubleResult": null_unless(pl.Series(record.below("relevance", 10_000) / 10_000), is_search),
        **column_groups.customer_columns(shared, rows, person),
        **column_groups.product_columns(shared, product),
        "price": null_unless(
            shared.catalogue.table.get_column("price").gather(product), version.chance("price", 0.9)
        ),
        "quantity": null_unless(pl.Series(1 + version.weighted("quantity", (80, 12, 5, 3))), is_buying),
        "appVersion": null_unless(
            constant("5.12.0", len(person)), (system["systemName"] == "Mobile-App").to_numpy()
        ),
    }


def _message_columns(
    shared: SharedData, rows: DumpRows, channel: str, system: Columns
) -> tuple[Funnel, IntArray, Columns]:
    """Return message, reader and the columns that e-mail and SMS share. The channel reaches each reader."""
    funnel = make_funnel(rows.seed, channel, rows.origin_day, rows.index)
    message = Draws(rows.seed, f"{channel} message", funnel.message_day, funnel.message)
    reachable = shared.people.with_email if channel == "email" else shared.people.with_phone
    person = shared.people.draw(message, reachable)
    product = shared.catalogue.draw(message, person)
    days_late = message.chance("late", 0.04) * (1 + message.below("days late", 3))
    sent = (funnel.message_day - days_late) * 86_400_000 + _FIRST_SENDING + message.below("sent", _SENDING_SPAN)
    event_time = (
        sent + funnel.lag_seconds * 1_000 + rows.record.below("pause", 1_200_000) * (funnel.lag_seconds > 0)
    )
    campaign = campaign_columns(rows.seed, channel, funnel)
    clicked = shared.catalogue.table.get_column("productLink").gather(product) + "?utm_source=" + channel
    number = pl.Series(funnel.message_day * 100_000_000 + funnel.message).cast(pl.String)
    has_second_link = funnel.has_link & rows.record.chance("link2", 0.2)
    is_failure = funnel.event.is_in(["bounced", "failed"]).to_numpy()
    return funnel, person, {
        **system,
        "id": rows.own_id(f"{channel.upper()}-"),
        **campaign,
        "event": funnel.event,
        "eventAt": column_groups.delivered_timestamp(system, event_time),
        **column_groups.tracking_columns(rows),
        "link": null_unless(clicked, funnel.has_link),
        "link2": null_unless(constant(f"{SHOP}/unsubscribe", len(number)), has_second_link),
        "messageId": number,
        "reason": null_unless(_phrase(rows.record, "failure", phrases.FAILURES), is_failure),
        "tags": null_unless(_tags(campaign["templateName"], channel), rows.record.chance("tags", 0.6)),
    }  # fmt: skip # the dictionary is the body


def _tags(template: pl.Series, channel: str) -> pl.Series:
    return pl.select(pl.concat_list(template, pl.lit(channel))).to_series()


def _email(shared: SharedData, rows: DumpRows) -> Columns:
    system = column_groups.system_columns(rows, _EMAIL_SYSTEMS)
    _, person, columns = _message_columns(shared, rows, "email", system)
    company = shared.people.columns(person, ("internalCompanyId",))["internalCompanyId"]
    provider_has_company = (columns["serviceProvider"] == "Brevo").to_numpy()
    action_time = columns["eventAt"] + pl.Series(rows.record.below("noticed", 3_000))
    return {
        **columns,
        "internalCompanyId": null_unless(company, provider_has_company),
        "email": shared.people.columns(person, ("customerEmail",))["customerEmail"],
        "actionAt": action_time,
        "subject": _phrase(rows.record, "subject", phrases.SUBJECTS),
        "userAgent": null_unless(
            constant("Mozilla/5.0 (X11; Linux)", len(person)), rows.record.chance("agent", 0.1)
        ),
    }


def _sms(shared: SharedData, rows: DumpRows) -> Columns:
    system = column_groups.system_columns(rows, _SMS_SYSTEMS)
    _, person, columns = _message_columns(shared, rows, "sms", system)
    action_time = columns["eventAt"] + pl.Series(rows.record.below("noticed", 3_000))
    company = shared.people.columns(person, ("internalCompanyId",))["internalCompanyId"]
    return {
        **columns,
        "internalCompanyId": null_unless(company, (columns["systemName"] == "SMS-GW-2").to_numpy()),
        "phoneNumber": shared.people.columns(person, ("customerPhone",))["customerPhone"],
        "actionAt": null_unless(action_time, rows.record.chance("noticed at all", 0.5)),
        "text": _phrase(rows.record, "text", phrases.MESSAGES),
    }


def _feedback_columns(shared: SharedData, rows: DumpRows, timestamp_field: str) -> Columns:
    """Return the columns that comments and reviews share."""
    person = shared.people.draw(rows.record)
    product = shared.catalogue.draw(rows.record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    address = shared.people.columns(person, ("ipAddress",))["ipAddress"]
    return {
        **system,
        **shared.people.columns(person, ("internalCompanyId",)),
        timestamp_field: column_groups.delivered_timestamp(system, rows.occurred_at()),
        "ipAddress": null_unless(address, rows.record.chance("ip", 0.8)),
        **column_groups.customer_columns(shared, rows, person),
        **column_groups.product_columns(shared, product),
        **column_groups.price_columns(shared, rows, product),
    }


def _comment(shared: SharedData, rows: DumpRows) -> Columns:
    record, version = rows.record, rows.version
    is_reply = record.chance("reply", 0.2)
    parent = DumpRows(
        rows.seed, rows.entity, rows.day, rows.position, rows.origin_day, rows.index // 2, rows.never_deleted
    )
    comment = _phrase(version, "comment", phrases.COMMENTS)
    reply = _phrase(version, "answer", phrases.REPLIES)
    return {
        "commentId": rows.own_id("1"),
        "parentCommentId": null_unless(parent.own_id("1"), is_reply & (rows.index > 0)),
        "title": null_unless(
            _phrase(record, "title", phrases.COMMENT_TITLES),
            record.chance("titled", 0.6),
        ),
        "content": reply.zip_with(pl.Series(is_reply), comment),
        **_feedback_columns(shared, rows, "commentedAt"),
    }


def _review(shared: SharedData, rows: DumpRows) -> Columns:
    record, version = rows.record, rows.version
    first, second = (f"{SHOP}/reviews/" + rows.own_id("") + f"-{number}.jpg" for number in (1, 2))
    has_second = record.chance("second image", 0.5)
    images = pl.select(pl.concat_list(first, null_unless(second, has_second)).list.drop_nulls()).to_series()
    return {
        "reviewId": rows.own_id("RV"),
        "rating": null_unless(
            pl.Series(1 + version.weighted("rating", (6, 5, 9, 25, 55))), version.chance("rated", 0.95)
        ),
        "title": null_unless(
            _phrase(record, "title", phrases.REVIEW_TITLES),
            record.chance("titled", 0.7),
        ),
        "content": _phrase(version, "review", phrases.REVIEWS),
        "imageLinks": null_unless(images, record.chance("has images", 0.25)),
        **_feedback_columns(shared, rows, "reviewedAt"),
    }


def _subscriber(shared: SharedData, rows: DumpRows) -> Columns:
    record, version = rows.record, rows.version
    person = shared.people.draw(record)
    product = shared.catalogue.draw(record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    unsubscribes = version.chance("leaves", 0.08) | (rows.is_redelivery & version.chance("leaves later", 0.5))
    store = record.below("store", len(phrases.STORES))
    is_offline = (system["systemName"] == "POS").to_numpy()
    customer = column_groups.customer_columns(shared, rows, person)
    customer["customerId"] = null_unless(customer["customerId"], record.chance("known", 0.8))
    places = shared.people.columns(
        person, ("customerCountry", "customerCity", "customerDistrict", "customerAddress", "internalCompanyId")
    )
    has_place = record.chance("has place", 0.5)
    return {
        **system,
        "subscribeId": rows.own_id("SUB"),
        "subscribeAt": column_groups.delivered_timestamp(system, rows.occurred_at()),
        **customer,
        **{name: null_unless(place, has_place | (name == "internalCompanyId")) for name, place in places.items()},
        **shared.catalogue.columns(product, ("productId", "productSku", "productName")),
        "status": pick(("Subscribed", "Unsubscribed"), unsubscribes.astype(np.int64)),
        "storeId": null_unless(pick([store[0] for store in phrases.STORES], store), is_offline),
        "storeName": null_unless(pick([store[1] for store in phrases.STORES], store), is_offline),
        "storeCity": null_unless(pick([store[2] for store in phrases.STORES], store), is_offline),
        "storeDistrict": null_unless(pick([store[3] for store in phrases.STORES], store), is_offline),
        "subscribeEmail": null_unless(
            pl.Series(version.chance("by email", 0.7)), record.chance("email said", 0.8)
        ),
        "subscribePhone": null_unless(
            pl.Series(version.chance("by phone", 0.4)), record.chance("phone said", 0.8)
        ),
        "sourceChannel": null_unless(
            pick(("Online", "Offline"), is_offline.astype(np.int64)), record.chance("channel", 0.9)
        ),
        "sourceName": system["systemName"],
        "sourceNameLevel2": null_unless(constant("popup", len(person)), record.chance("popup", 0.3)),
    }


_COLUMNS_OF: Final[dict[str, Callable[[SharedData, DumpRows], Columns]]] = {
    "customer-product-activity": _activity,
    "email-interaction": _email,
    "sms-interaction": _sms,
    "customer-product-comment": _comment,
    "customer-product-review": _review,
    "customer-product-subscriber": _subscriber,
}


def make_frame(shared: SharedData, entity: Entity, rows: DumpRows) -> pl.DataFrame:
    """Create the rows of a dump without faults: one column per key, null if the record does not have the key.

    Columns and types are equal for all rows of an entity. A deletion may have nothing but its key.
    """
    columns = _COLUMNS_OF[entity.name](shared, rows) | column_groups.custom_columns(rows)
    if entity.supports_ignored_update_cfs:
        columns |= column_groups.ignored_columns(rows)
    has_all = ~rows.is_key_only
    key = {entity.own_id_field, "systemName", "internalCompanyId"}
    values = {name: column if name in key else null_unless(column, has_all) for name, column in columns.items()}
    return pl.DataFrame(values | {"recordStatus": rows.record_status()})
