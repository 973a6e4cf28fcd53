"""String columns: trimming, NFC and null for blank strings, equal to `contract.parsers.normalize_text`.

These rules apply to every delivered string, whatever the type of its field.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from cdp_etl.contract.parsers import INVISIBLE_MARKS, JOINERS
from cdp_etl.normalize.nfc import to_nfc


def strip(text: pl.Expr) -> pl.Expr:
    """Strip outer white space; polars strips the characters of `contract.parsers.WHITESPACE`."""
    return text.str.strip_chars()


def trim_strings(strings: pl.Series) -> pl.Series:
    """Return the strings without outer white space, in NFC; blank ones become null."""
    strings = strings.str.strip_chars()
    sizes = strings.str.len_bytes()
    is_blank = sizes == 0
    if is_blank.any():
        strings = strings.set(is_blank, None)
    return to_nfc(strings, (sizes != strings.str.len_chars()).arg_true())


_MARKS: Final = f"[{INVISIBLE_MARKS}]|^[{JOINERS}]|[{JOINERS}]$"


def rows_with_marks(trimmed: pl.Series) -> pl.Series | None:
    """Return which strings have marks that `parsers.without_invisible_marks` removes, or None if none has."""
    odd = (trimmed.str.len_bytes() != trimmed.str.len_chars()).arg_true()  # all marks are outside of ASCII
    if odd.is_empty():
        return None
    found = trimmed.gather(odd).str.contains(_MARKS)
    if not found.any():
        return None
    none = pl.Series([False]).new_from_index(0, len(trimmed))
    return none.scatter(odd.filter(found), values=True)


def collect_lists(columns: Sequence[pl.Series]) -> pl.Series:
    """Return for each row the list of the columns' values, in their order, without nulls.

    `concat_list` with `drop_nulls` costs five times as much, because it builds the list with nulls first.
    """
    is_valid = np.stack([column.is_not_null().to_numpy() for column in columns], axis=1)
    positions = np.flatnonzero(is_valid)
    rows, numbers = np.divmod(positions, len(columns))
    strings = pl.concat([column.alias("texts") for column in columns]).gather(numbers * len(is_valid) + rows)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_valid.sum(axis=1))])
    values = strings.to_arrow(compat_level=pl.CompatLevel.newest())
    return pl.Series(pa.LargeListArray.from_arrays(pa.array(offsets), values))
