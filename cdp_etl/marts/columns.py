"""Columns and types that several marts share: one name has one meaning and one type."""

from collections.abc import Mapping

import polars as pl

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import BOOLEAN, DATE, INTEGER, TEXT, TIMESTAMP, DataType, TableColumn

AMOUNT_TYPE = DataType("DECIMAL(18,4)", pl.Decimal(18, 4))
COUNTS_TYPE = DataType("MAP(VARCHAR, BIGINT)", pl.List(pl.Struct({"key": pl.String(), "value": pl.Int64()})))
SUM_TYPE = DataType("DECIMAL(38,0)", pl.Decimal(38, 0))
"""Holds any sum of integers, so that one absurd value cannot fail a mart."""
TOTAL_TYPE = DataType("DECIMAL(38,4)", pl.Decimal(38, 4))
"""Holds any sum of amounts."""
NUMBERS_TYPE = DataType("BIGINT[]", pl.List(pl.Int64()))


def _newest(name: str, value: DataType) -> DataType:
    """Return the type of a value with the total order that selected it; the value is the last field."""
    order = {"occurred_at": TIMESTAMP, "dump_date": DATE, "system_name": TEXT, "record_id": TEXT, name: value}
    fields = ", ".join(f"{field} {type_.duckdb}" for field, type_ in order.items())
    return DataType(f"STRUCT({fields})", pl.Struct({field: type_.polars for field, type_ in order.items()}))


def newest_of_several(value: DataType) -> DataType:
    """Return the type of a value that several entities have, with the record that it was taken from."""
    place = {"occurred_at": TIMESTAMP, "dump_date": DATE, "system_name": TEXT, "record_id": TEXT, "entity": TEXT}
    fields = ", ".join(f"{field} {type_.duckdb}" for field, type_ in place.items())
    return DataType(
        f"STRUCT(place STRUCT({fields}), value {value.duckdb})",
        pl.Struct({"place": pl.Struct({f: t.polars for f, t in place.items()}), "value": value.polars}),
    )


def newest_publication(value: Publication) -> Mapping[str, Publication]:
    """Return what the snapshot shows of a column of type `newest_of_several`, from what it shows of the value."""
    return {
        "place.system_name": Publication.UNCHANGED,
        "place.record_id": Publication.RECORD_ID,
        "place.entity": Publication.UNCHANGED,
        "value": value,
    }


NEWEST_RATING_TYPE = _newest("rating", INTEGER)
NEWEST_RATING_PUBLICATION = {
    "system_name": Publication.UNCHANGED,
    "record_id": Publication.RECORD_ID,
    "rating": Publication.UNCHANGED,
}
NEWEST_SUBSCRIPTION_TYPE = _newest("is_subscribed", BOOLEAN)
NEWEST_SUBSCRIPTION_PUBLICATION = {
    "system_name": Publication.UNCHANGED,
    "record_id": Publication.RECORD_ID,
}

COMPANY_ID = TableColumn(
    "company_id",
    TEXT,
    "The company; empty if the record names none. No row spans companies.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
ACTIVITY_DATE = TableColumn(
    "activity_date", DATE, "Day of the interaction, in the business time zone.", is_nullable=False
)
CUSTOMER_KEY = TableColumn(
    "customer_key",
    TEXT,
    "Best identifier of the record: c:<id>, else e:<e-mail>, else p:<phone>.",
    personal=Personal.IDENTIFIER,
    is_nullable=False,
)
PRODUCT_SKU = TableColumn(
    "product_sku", TEXT, "Product SKU.", is_nullable=False, publication=Publication.UNCHANGED
)
PRODUCT_KINDS: Mapping[str, str] = {
    "activity": "Activities with any action.",
    "comment": "Comments.",
    "review": "Reviews.",
    "subscribe": "Subscriptions that are in force now.",
    "unsubscribe": "Subscriptions that have ended.",
}
"""Kinds of interactions with a product, each with the meaning of its column `<kind>_count`."""
MESSAGE_KINDS: Mapping[str, str] = {
    "email": "E-mail events, as reported.",
    "sms": "SMS events, as reported.",
}
"""Kinds of interactions with a message, each with the meaning of its column `<kind>_count`."""
KINDS = (*PRODUCT_KINDS, *MESSAGE_KINDS)
KIND = TableColumn(
    "kind",
    TEXT,
    f"{', '.join(KINDS[:-1])} or {KINDS[-1]}; no other.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
FIRST_AT = TableColumn("first_at", TIMESTAMP, "Timestamp of the first interaction, UTC.", is_nullable=False)
LAST_AT = TableColumn("last_at", TIMESTAMP, "Timestamp of the last interaction, UTC.", is_nullable=False)
LOAD_SEQ = TableColumn(
    "load_seq",
    INTEGER,
    "Newest load that the mart run applied.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
CHANGED_AT = TableColumn("changed_at", TIMESTAMP, "Timestamp of the mart run, UTC.", is_nullable=False)

LAST_DATE = "last_date"
"""Name of the column with the last day that the totals of a row include."""
LAST_DAY = TableColumn(
    LAST_DATE, DATE, "Day of the last interaction, in the business time zone.", is_nullable=False
)
"""That column, for marts that only carry it to their next run."""

BY_CUSTOMER_KEY = ("company_id", "customer_key")
BY_IDENTIFIER = ("company_id", "identifier")
BY_PERSON = ("company_id", "person_id")
BY_CONTACT = ("company_id", "contact")
"""Columns by which rows of several marts are looked up."""


def count(name: str, description: str) -> TableColumn:
    """Return a column of counts."""
    return TableColumn(name, INTEGER, description, is_nullable=False, publication=Publication.UNCHANGED)


def amount(name: str, description: str) -> TableColumn:
    """Return a column of amounts of money: exact decimals, null if the value does not fit."""
    return TableColumn(name, AMOUNT_TYPE, description)


COUNTS = (
    count("interaction_count", "Interactions of any kind."),
    *(count(f"{kind}_count", meaning) for kind, meaning in PRODUCT_KINDS.items()),
)
"""Counts of interactions with a product, by kind."""
MESSAGE_COUNTS = tuple(count(f"{kind}_count", meaning) for kind, meaning in MESSAGE_KINDS.items())
"""Counts of interactions with a message, by kind."""

REVENUE = TableColumn(
    "revenue",
    TOTAL_TYPE,
    "Amounts of purchases minus amounts of refunds; a sale without an amount adds 0.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
SALES = (
    count("purchase_count", "Purchases."),
    count("refund_count", "Refunds."),
    TableColumn(
        "sale_quantity",
        SUM_TYPE,
        "Units of purchases minus units of refunds; a missing quantity counts as 1.",
        is_nullable=False,
        publication=Publication.UNCHANGED,
    ),
    REVENUE,
    count("sale_without_amount_count", "Purchases and refunds without an amount."),
)
"""Totals of purchases and refunds (docs/marts.md#revenue)."""
