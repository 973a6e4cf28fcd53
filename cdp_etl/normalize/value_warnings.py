"""Warnings about values that are valid and probably wrong: ids cut by a spreadsheet, odd quantities and prices.

The values are stored as delivered. Both paths have validated the records before.
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.fast_path.text_columns import collect_lists
from cdp_etl.vocabulary import load_vocabulary, word_key

CUT_BY_SPREADSHEET: Final = "looks like a number that a spreadsheet cut"
NEGATIVE: Final = "negative"
ZERO_PRICE: Final = "zero for a purchase"

_CUT: Final = r"^(?:[0-9]+\.0|[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3})$"
"""`12345.0`, `1.06326E+17` of spreadsheets and `1.06326e+17` of pandas: several ids become one by this."""

_EXACT_IDS: Final = ("customer_id", "product_sku", "campaign_id")
"""Ids that are compared over records, in addition to the record's own id."""

_PURCHASE: Final = "purchase"
"""Type of the actions that have a price above zero."""


def with_value_warnings(entity: Entity, valid: pl.DataFrame) -> pl.DataFrame:
    """Return validated records with the warnings about their values."""
    warned = [
        pl.select(pl.when(is_odd).then(pl.lit(warning)).alias(warning)).to_series()
        for warning, is_odd in _odd_values(entity, valid)
        if is_odd.any()
    ]
    if not warned:
        return valid
    return valid.with_columns(pl.concat_list("warnings", collect_lists(warned)))


def _odd_values(entity: Entity, valid: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
    """Yield each warning with the records that it is about."""
    for field in entity.fields:
        if field.name == entity.own_id or field.name in _EXACT_IDS:
            yield f"{field.contract_name}: {CUT_BY_SPREADSHEET}", _are_cut(valid[field.name])
    if "quantity" in valid.columns:
        yield f"quantity: {NEGATIVE}", (valid["quantity"] < 0).fill_null(value=False)
    if {"action", "price"} <= set(valid.columns):
        is_free = (valid["price"] == 0).fill_null(value=False)
        if is_free.any():
            is_free &= valid["action"].is_in(_purchases(valid["action"].filter(is_free))).fill_null(value=False)
            yield f"price: {ZERO_PRICE}", is_free


def _purchases(actions: pl.Series) -> list[str]:
    """Return the names of actions that mean a purchase by the presets: a profile is no part of the fingerprint."""
    types = load_vocabulary().action_types
    return [action for action in actions.drop_nulls().unique() if types.get(word_key(action)) == _PURCHASE]


def _are_cut(ids: pl.Series) -> pl.Series:
    return ids.str.contains(_CUT).fill_null(value=False)
