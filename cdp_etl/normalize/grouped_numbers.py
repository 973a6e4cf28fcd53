"""Numbers that look grouped in another locale: `199.000` is 199 here, and 199,000 in Vietnamese.

Both are valid, so the value is read as it is written. That a whole column looks so is a finding about its file.
"""

from typing import Final

import polars as pl

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.fast_path.text_columns import strip
from cdp_etl.normalize.record_batch import ColumnBatch

_GROUPED: Final = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+$"
_NUMBERS: Final = frozenset({ContractType.DOUBLE, ContractType.INTEGER, ContractType.LONG})
_FIRST_ROWS: Final = 64
"""Rows that are examined first: one text without groups is enough, and most columns have one there."""


def grouped_numbers(entity: Entity, columns: ColumnBatch) -> dict[str, bool]:
    """Return for each field with numbers as text whether all of them look grouped, by the contract's name."""
    found: dict[str, bool] = {}
    for field in entity.fields:
        if field.column.type not in _NUMBERS:
            continue
        texts = columns.number_texts.get(field.name, columns.frame[field.name])
        if texts.dtype == pl.String() and (looks := _look_grouped(texts)) is not None:
            found[field.contract_name] = looks
    return found


def _look_grouped(texts: pl.Series) -> bool | None:
    """Return whether all texts look grouped, or None if there is none."""
    for part in (texts.head(_FIRST_ROWS), texts):
        present = part.to_frame("text").select(strip(pl.col("text"))).to_series().drop_nulls()
        present = present.filter(present.str.len_bytes() > 0)
        if len(present) and not present.str.contains(_GROUPED).all():
            return False
    return None if present.is_empty() else True
