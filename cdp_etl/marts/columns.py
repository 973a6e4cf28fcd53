"""Columns that more than one mart has, and the types that only marts have: one name, one meaning, one type.

Put a column here when two marts must agree on it. A column of one mart stands in that mart's file.
"""

import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import BOOLEAN, DATE, INTEGER, TEXT, TIMESTAMP, DataType, TableColumn

AMOUNT_TYPE = DataType("DECIMAL(18,4)", pl.Decimal(18, 4))
COUNTS_TYPE = DataType("MAP(VARCHAR, BIGINT)", pl.List(pl.Struct({"key": pl.String(), "value": pl.Int64()})))
SUM_TYPE = DataType("DECIMAL(38,0)", pl.Decimal(38, 0))
"""Holds any sum of whole numbers: one absurd value must not stop a mart."""
NUMBERS_TYPE = DataType("BIGINT[]", pl.List(pl.Int64()))


def _newest(name: str, value: DataType) -> DataType:
    """Give the type of a value with the total order that decided for it: the field of the value stands last."""
    order = {"occurred_at": TIMESTAMP, "dump_date": DATE, "system_name": TEXT, "record_id": TEXT, name: value}
    fields = ", ".join(f"{field} {type_.duckdb}" for field, type_ in order.items())
    return DataType(f"STRUCT({fields})", pl.Struct({field: type_.polars for field, type_ in order.items()}))


def newest_of_several(value: DataType) -> DataType:
    """Give the type of a value that records of several entities name, with the place of the one that decided."""
    place = {"occurred_at": TIMESTAMP, "dump_date": DATE, "system_name": TEXT, "record_id": TEXT, "entity": TEXT}
    fields = ", ".join(f"{field} {type_.duckdb}" for field, type_ in place.items())
    return DataType(
        f"STRUCT(place STRUCT({fields}), value {value.duckdb})",
        pl.Struct({"place": pl.Struct({f: t.polars for f, t in place.items()}), "value": value.polars}),
    )


NEWEST_RATING_TYPE = _newest("rating", INTEGER)
NEWEST_SUBSCRIPTION_TYPE = _newest("is_subscribed", BOOLEAN)

COMPANY_ID = TableColumn(
    "company_id", TEXT, "The company; nothing crosses companies. Empty where none is named.", is_nullable=False
)
ACTIVITY_DATE = TableColumn(
    "activity_date", DATE, "Day on which it occurred, in the business time zone.", is_nullable=False
)
CUSTOMER_KEY = TableColumn(
    "customer_key",
    TEXT,
    "Best identifier that the record has: c:<id>, else e:<e-mail>, else p:<phone>.",
    personal=Personal.IDENTIFIER,
    is_nullable=False,
)
PRODUCT_SKU = TableColumn("product_sku", TEXT, "Product SKU.", is_nullable=False)
KIND = TableColumn(
    "kind",
    TEXT,
    "activity, comment, review, subscribe, unsubscribe, email or sms; no other.",
    is_nullable=False,
)
FIRST_AT = TableColumn("first_at", TIMESTAMP, "When the first of them occurred, UTC.", is_nullable=False)
LAST_AT = TableColumn("last_at", TIMESTAMP, "When the last of them occurred, UTC.", is_nullable=False)
LOAD_SEQ = TableColumn("load_seq", INTEGER, "The newest load that was applied with it.", is_nullable=False)
CHANGED_AT = TableColumn("changed_at", TIMESTAMP, "When it was found, UTC.", is_nullable=False)

BY_CUSTOMER_KEY = ("company_id", "customer_key")
BY_IDENTIFIER = ("company_id", "identifier")
BY_PERSON = ("company_id", "person_id")
"""Columns by which rows of several marts are sought."""

LARGE_MART_ROW_ID_CHUNKS = 8
"""Half a billion rows, and all further ones."""


def count(name: str, description: str) -> TableColumn:
    """Give a column that counts."""
    return TableColumn(name, INTEGER, description, is_nullable=False)


def amount(name: str, description: str) -> TableColumn:
    """Give a column of money: exact decimals, null where the value does not fit."""
    return TableColumn(name, AMOUNT_TYPE, description)


COUNTS = (
    count("interaction_count", "Interactions of any kind."),
    count("activity_count", "Activities, whatever the action."),
    count("comment_count", "Comments."),
    count("review_count", "Reviews."),
    count("subscribe_count", "Subscriptions that are in force now."),
    count("unsubscribe_count", "Subscriptions that have ended."),
)
"""What somebody did with a product, by kind."""
