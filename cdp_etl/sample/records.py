"""What the rows of each entity's dump hold: one function an entity, and `frame`, which calls the right one.

Column names are those of the contract; all but a few unknown keys and the custom fields are declared by the
entity, and every declared field is drawn here (a test compares the two). Faults come later: `alterations.py`.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.sample import column_groups, phrases
from cdp_etl.sample.campaigns import Funnel, campaign_columns, make_funnel
from cdp_etl.sample.catalogue import SHOP
from cdp_etl.sample.column_groups import Columns
from cdp_etl.sample.record_ids import Rows
from cdp_etl.sample.seeded_random import Draws, Integers, constant, kept, picked
from cdp_etl.sample.shared_data import World

UNKNOWN_KEYS: Final = frozenset({"productId", "appVersion", "userAgent"})
"""Keys that are delivered though the contract's entity may not declare them."""

_ACTIONS: Final = ("View", "Search", "Wishlist", "AddToCart", "Purchase", "Compare", "Share")
_ACTION_WEIGHTS: Final = (45, 20, 12, 12, 6, 3, 2)
_EMAIL_SYSTEMS: Final = (("EDM-Platform", 80, True), ("", 20, False))
_SMS_SYSTEMS: Final = (("SMS-GW", 70, True), ("SMS-GW-2", 30, False))
_FIRST_SENDING: Final = 3_600_000
_SENDING_SPAN: Final = 8 * 3_600_000


def _activity(world: World, rows: Rows) -> Columns:
    record, version = rows.record, rows.version
    person = world.people.drawn(record)
    product = world.catalogue.drawn(record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    action = record.weighted("action", _ACTION_WEIGHTS)
    is_search, is_wish = action == _ACTIONS.index("Search"), action == _ACTIONS.index("Wishlist")
    is_buying = (action == _ACTIONS.index("AddToCart")) | (action == _ACTIONS.index("Purchase"))
    return {
        **system,
        **world.people.columns(person, ("internalCompanyId",)),
        "actionId": rows.own_id("0"),
        "action": picked(_ACTIONS, action),
        "actionAt": column_groups.delivered_moment(system, rows.occurred()),
        "actionStatus": kept(
            picked(("Success", "Pending", "Failed"), version.weighted("status", (90, 7, 3))),
            version.chance("has status", 0.7),
        ),
        "textResult": kept(picked(phrases.SEARCHES, record.below("search", len(phrases.SEARCHES))), is_search),
        "boolResult": kept(pl.Series(version.chance("result", 0.9)), is_wish),
        "longResult": kept(pl.Series(record.below("hits", 2_000)), is_search),
        "doubleResult": kept(pl.Series(record.below("relevance", 10_000) / 10_000), is_search),
        **column_groups.customer_columns(world, rows, person),
        **column_groups.product_columns(world, product),
        "price": kept(world.catalogue.table.get_column("price").gather(product), version.chance("price", 0.9)),
        "quantity": kept(pl.Series(1 + version.weighted("quantity", (80, 12, 5, 3))), is_buying),
        "appVersion": kept(constant("5.12.0", len(person)), (system["systemName"] == "Mobile-App").to_numpy()),
    }


def _message_columns(world: World, rows: Rows, channel: str, system: Columns) -> tuple[Funnel, Integers, Columns]:
    """Give a row's message, its reader among those the channel reaches, and what e-mail and SMS have in common."""
    funnel = make_funnel(rows.seed, channel, rows.origin_day, rows.index)
    message = Draws(rows.seed, f"{channel} message", funnel.message_day, funnel.message)
    reachable = world.people.with_email if channel == "email" else world.people.with_phone
    person = world.people.drawn(message, reachable)
    product = world.catalogue.drawn(message, person)
    days_late = message.chance("late", 0.04) * (1 + message.below("days late", 3))
    sent = (funnel.message_day - days_late) * 86_400_000 + _FIRST_SENDING + message.below("sent", _SENDING_SPAN)
    happened = sent + funnel.lag_seconds * 1_000 + rows.record.below("pause", 1_200_000) * (funnel.lag_seconds > 0)
    campaign = campaign_columns(rows.seed, channel, funnel)
    clicked = world.catalogue.table.get_column("productLink").gather(product) + "?utm_source=" + channel
    number = pl.Series(funnel.message_day * 100_000_000 + funnel.message).cast(pl.String)
    has_second_link = funnel.has_link & rows.record.chance("link2", 0.2)
    is_failure = funnel.event.is_in(["bounced", "failed"]).to_numpy()
    return funnel, person, {
        **system,
        "id": rows.own_id(f"{channel.upper()}-"),
        **campaign,
        "event": funnel.event,
        "eventAt": column_groups.delivered_moment(system, happened),
        **column_groups.tracking_columns(rows),
        "link": kept(clicked, funnel.has_link),
        "link2": kept(constant(f"{SHOP}/unsubscribe", len(number)), has_second_link),
        "messageId": number,
        "reason": kept(picked(phrases.FAILURES, rows.record.below("failure", len(phrases.FAILURES))), is_failure),
        "tags": kept(_tags(campaign["templateName"], channel), rows.record.chance("tags", 0.6)),
    }  # fmt: skip # the dictionary is the body


def _tags(template: pl.Series, channel: str) -> pl.Series:
    return pl.select(pl.concat_list(template, pl.lit(channel))).to_series()


def _email(world: World, rows: Rows) -> Columns:
    system = column_groups.system_columns(rows, _EMAIL_SYSTEMS)
    _, person, columns = _message_columns(world, rows, "email", system)
    company = world.people.columns(person, ("internalCompanyId",))["internalCompanyId"]
    provider_tells = (columns["serviceProvider"] == "Brevo").to_numpy()
    noticed = columns["eventAt"] + pl.Series(rows.record.below("noticed", 3_000))
    return {
        **columns,
        "internalCompanyId": kept(company, provider_tells),
        "email": world.people.columns(person, ("customerEmail",))["customerEmail"],
        "actionAt": noticed,
        "subject": picked(phrases.SUBJECTS, rows.record.below("subject", len(phrases.SUBJECTS))),
        "userAgent": kept(constant("Mozilla/5.0 (X11; Linux)", len(person)), rows.record.chance("agent", 0.1)),
    }


def _sms(world: World, rows: Rows) -> Columns:
    system = column_groups.system_columns(rows, _SMS_SYSTEMS)
    _, person, columns = _message_columns(world, rows, "sms", system)
    noticed = columns["eventAt"] + pl.Series(rows.record.below("noticed", 3_000))
    company = world.people.columns(person, ("internalCompanyId",))["internalCompanyId"]
    return {
        **columns,
        "internalCompanyId": kept(company, (columns["systemName"] == "SMS-GW-2").to_numpy()),
        "phoneNumber": world.people.columns(person, ("customerPhone",))["customerPhone"],
        "actionAt": kept(noticed, rows.record.chance("noticed at all", 0.5)),
        "text": picked(phrases.MESSAGES, rows.record.below("text", len(phrases.MESSAGES))),
    }


def _spoken_columns(world: World, rows: Rows, moment: str) -> Columns:
    """Give what comments and reviews have in common."""
    person = world.people.drawn(rows.record)
    product = world.catalogue.drawn(rows.record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    address = world.people.columns(person, ("ipAddress",))["ipAddress"]
    return {
        **system,
        **world.people.columns(person, ("internalCompanyId",)),
        moment: column_groups.delivered_moment(system, rows.occurred()),
        "ipAddress": kept(address, rows.record.chance("ip", 0.8)),
        **column_groups.customer_columns(world, rows, person),
        **column_groups.product_columns(world, product),
        **column_groups.price_columns(world, rows, product),
    }


def _comment(world: World, rows: Rows) -> Columns:
    record, version = rows.record, rows.version
    is_reply = record.chance("reply", 0.2)
    parent = Rows(
        rows.seed, rows.entity, rows.day, rows.position, rows.origin_day, rows.index // 2, rows.must_be_whole
    )
    said = picked(phrases.COMMENTS, version.below("comment", len(phrases.COMMENTS)))
    replied = picked(phrases.REPLIES, version.below("answer", len(phrases.REPLIES)))
    return {
        "commentId": rows.own_id("1"),
        "parentCommentId": kept(parent.own_id("1"), is_reply & (rows.index > 0)),
        "title": kept(
            picked(phrases.COMMENT_TITLES, record.below("title", len(phrases.COMMENT_TITLES))),
            record.chance("titled", 0.6),
        ),
        "content": replied.zip_with(pl.Series(is_reply), said),
        **_spoken_columns(world, rows, "commentedAt"),
    }


def _review(world: World, rows: Rows) -> Columns:
    record, version = rows.record, rows.version
    first, second = (f"{SHOP}/reviews/" + rows.own_id("") + f"-{number}.jpg" for number in (1, 2))
    has_second = record.chance("second image", 0.5)
    images = pl.select(pl.concat_list(first, kept(second, has_second)).list.drop_nulls()).to_series()
    return {
        "reviewId": rows.own_id("RV"),
        "rating": kept(
            pl.Series(1 + version.weighted("rating", (6, 5, 9, 25, 55))), version.chance("rated", 0.95)
        ),
        "title": kept(
            picked(phrases.REVIEW_TITLES, record.below("title", len(phrases.REVIEW_TITLES))),
            record.chance("titled", 0.7),
        ),
        "content": picked(phrases.REVIEWS, version.below("review", len(phrases.REVIEWS))),
        "imageLinks": kept(images, record.chance("has images", 0.25)),
        **_spoken_columns(world, rows, "reviewedAt"),
    }


def _subscriber(world: World, rows: Rows) -> Columns:
    record, version = rows.record, rows.version
    person = world.people.drawn(record)
    product = world.catalogue.drawn(record, person)
    system = column_groups.system_columns(rows, column_groups.SHOP_SYSTEMS)
    leaves = version.chance("leaves", 0.08) | (rows.is_again & version.chance("leaves later", 0.5))
    store = record.below("store", len(phrases.STORES))
    is_offline = (system["systemName"] == "POS").to_numpy()
    customer = column_groups.customer_columns(world, rows, person)
    customer["customerId"] = kept(customer["customerId"], record.chance("known", 0.8))
    places = world.people.columns(
        person, ("customerCountry", "customerCity", "customerDistrict", "customerAddress", "internalCompanyId")
    )
    has_place = record.chance("has place", 0.5)
    return {
        **system,
        "subscribeId": rows.own_id("SUB"),
        "subscribeAt": column_groups.delivered_moment(system, rows.occurred()),
        **customer,
        **{name: kept(place, has_place | (name == "internalCompanyId")) for name, place in places.items()},
        **world.catalogue.columns(product, ("productId", "productSku", "productName")),
        "status": picked(("Subscribed", "Unsubscribed"), leaves.astype(np.int64)),
        "storeId": kept(picked([store[0] for store in phrases.STORES], store), is_offline),
        "storeName": kept(picked([store[1] for store in phrases.STORES], store), is_offline),
        "storeCity": kept(picked([store[2] for store in phrases.STORES], store), is_offline),
        "storeDistrict": kept(picked([store[3] for store in phrases.STORES], store), is_offline),
        "subscribeEmail": kept(pl.Series(version.chance("by email", 0.7)), record.chance("email said", 0.8)),
        "subscribePhone": kept(pl.Series(version.chance("by phone", 0.4)), record.chance("phone said", 0.8)),
        "sourceChannel": kept(
            picked(("Online", "Offline"), is_offline.astype(np.int64)), record.chance("channel", 0.9)
        ),
        "sourceName": system["systemName"],
        "sourceNameLevel2": kept(constant("popup", len(person)), record.chance("popup", 0.3)),
    }


_MAKERS: Final[dict[str, Callable[[World, Rows], Columns]]] = {
    "customer-product-activity": _activity,
    "email-interaction": _email,
    "sms-interaction": _sms,
    "customer-product-comment": _comment,
    "customer-product-review": _review,
    "customer-product-subscriber": _subscriber,
}


def frame(world: World, entity: Entity, rows: Rows) -> pl.DataFrame:
    """Make the rows of a dump, without faults: one column a key, null where the record has it not.

    The columns and their types are the same for any rows of an entity. A deletion may bear its key alone.
    """
    columns = _MAKERS[entity.name](world, rows) | column_groups.custom_columns(rows)
    if entity.supports_ignored_update_cfs:
        columns |= column_groups.ignored_columns(rows)
    is_whole = ~rows.is_key_only
    key = {entity.own_id_field, "systemName", "internalCompanyId"}
    whole = {name: column if name in key else kept(column, is_whole) for name, column in columns.items()}
    return pl.DataFrame(whole | {"recordStatus": rows.record_status()})
