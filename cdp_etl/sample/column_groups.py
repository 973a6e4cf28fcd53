"""Column groups that several entities share: system and time zone, customer, product, custom fields.

Each function returns columns by contract name, with one value per row. Columns of a single entity are in
`records.py`.
"""

from typing import Final

import numpy as np
import polars as pl

from cdp_etl.sample.record_ids import DumpRows
from cdp_etl.sample.seeded_random import IntArray, constant, null_unless, pick
from cdp_etl.sample.shared_data import SharedData

Columns = dict[str, pl.Series]

TIMEZONE: Final = 7
"""`timezoneGmt` of systems that deliver local time."""

SHOP_SYSTEMS: Final = (("Website", 55, True), ("Mobile-App", 30, True), ("POS", 15, False))
"""Name, weight, and whether the system delivers local time with `timezoneGmt` instead of GMT without it."""

_GUEST_SHARE: Final = 0.005
_PRODUCT: Final = (
    "productSku",
    "productName",
    "productCategory",
    "productCategoryId",
    "productImageLink",
    "productLink",
)


def system_columns(rows: DumpRows, systems: tuple[tuple[str, int, bool], ...]) -> Columns:
    """Draw systemName and timezoneGmt of each record. An empty name is omitted."""
    which = rows.record.weighted("system", [weight for _, weight, _ in systems])
    is_local = np.array([is_local for _, _, is_local in systems], dtype=np.bool_)[which]
    name = pick([name for name, _, _ in systems], which)
    return {
        "systemName": null_unless(name, (name != "").to_numpy()),
        "timezoneGmt": null_unless(pl.Series(np.full_like(which, TIMEZONE)), is_local),
    }


def delivered_timestamp(system: Columns, utc_milliseconds: IntArray) -> pl.Series:
    """Return timestamps as the record's system delivers them: shifted by `timezoneGmt` if the record has one."""
    return pl.Series(utc_milliseconds) + system["timezoneGmt"].fill_null(0) * 3_600_000


def customer_columns(shared: SharedData, rows: DumpRows, person: IntArray) -> Columns:
    """Return id, name, phone and e-mail of the customer. In some records the id is `GUEST`."""
    names = ("customerId", "customerName", "customerPhone", "customerEmail")
    columns = shared.people.columns(person, names)
    guest = pl.Series(rows.record.chance("guest", _GUEST_SHARE))
    columns["customerId"] = columns["customerId"].zip_with(~guest, constant("GUEST", len(person)))
    return columns


def product_columns(shared: SharedData, product: IntArray) -> Columns:
    """Return the contract's product columns and `productId`, which only the contract's sample has."""
    return shared.catalogue.columns(product, (*_PRODUCT, "productId"))


def price_columns(shared: SharedData, rows: DumpRows, product: IntArray) -> Columns:
    """Return the product's price, and its price after the discount, rounded down to thousand dong."""
    price = shared.catalogue.table.get_column("price").gather(product)
    discount = pl.Series(rows.version.weighted("discount", (50, 20, 15, 10, 5)) * 5)
    return {
        "productPrice": null_unless(price, ~rows.version.chance("no price", 0.05)),
        "productPrice4Sale": null_unless(price * (100 - discount) // 100_000 * 1_000, (discount > 0).to_numpy()),
    }


def custom_columns(rows: DumpRows) -> Columns:
    """Return two groups of custom fields. They differ between versions of a record and may be absent."""
    draws = rows.version
    tag = pick(("tag:question", "tag:vip", "tag:tết", "tag:đổi trả"), draws.below("tag", 4))
    source = pick(("facebook", "zalo", "google", "tiktok"), draws.below("custom source", 4))
    points = pl.Series(draws.below("points", 5_000))
    texts = pl.DataFrame({"customField01": tag, "customField02": source}).to_struct()
    numbers = pl.DataFrame({"customField03": points}).to_struct()
    return {
        "customFieldTexts": null_unless(texts, draws.chance("custom texts", 0.4)),
        "customFieldNumbers": null_unless(numbers, draws.chance("custom numbers", 0.15)),
    }


def ignored_columns(rows: DumpRows) -> Columns:
    """Return `ignoredUpdateCfs` for some of the redelivered versions."""
    lists = pl.Series([["customField01"], ["customField01", "customField03"]], dtype=pl.List(pl.String))
    ignored = lists.gather(rows.version.below("ignored", 2))
    return {"ignoredUpdateCfs": null_unless(ignored, rows.is_redelivery & rows.version.chance("ignores", 0.4))}


def tracking_columns(rows: DumpRows) -> Columns:
    """Return the tracking ids of a message's event."""
    draws = rows.record
    visitor = pl.Series(draws.below("visitor", 10**9)).cast(pl.String)
    return {
        "trackId": null_unless("TRK" + visitor.str.zfill(10), draws.chance("track", 0.6)),
        "gaTid": null_unless(constant("UA-0903923823-1", len(visitor)), draws.chance("ga", 0.5)),
        "gaCid": null_unless(visitor + "." + visitor.str.reverse(), draws.chance("ga", 0.5)),
        "o2oCid": null_unless("O2O" + visitor, draws.chance("o2o", 0.1)),
        "webhookId": null_unless("WH" + visitor.str.slice(0, 3), draws.chance("webhook", 0.7)),
    }
