"""Delivered texts as columns: trimmed, in NFC, blank as absent, exactly as `values.trimmed` does it one by one.

Put here what holds for a text whatever its field's type. Types are read in `fast_values.py`.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

SURELY_COMPOSED: Final = (
    (0x0000, 0x02FF), (0x1EA0, 0x1EF9), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF), (0x2190, 0x219A),
    (0x2500, 0x2775), (0x3041, 0x3045), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1F6D7),
)  # fmt: skip # one list, not one a line
"""Ranges in which every character is as it is in NFC, whatever stands beside it."""

MAY_COMPOSE: Final = "[^" + "".join(rf"\u{{{first:x}}}-\u{{{last:x}}}" for first, last in SURELY_COMPOSED) + "]"
"""What stands in texts that are perhaps not in NFC."""


def stripped(text: pl.Expr) -> pl.Expr:
    """Take outer white space away: polars means by it what Unicode and `values.WHITE_SPACE` mean."""
    return text.str.strip_chars()


def trimmed_texts(texts: pl.Series) -> pl.Series:
    """Give the texts without outer white space, in NFC; blank ones are null."""
    texts = texts.str.strip_chars()
    sizes = texts.str.len_bytes()
    is_blank_ = sizes == 0
    if is_blank_.any():
        texts = texts.set(is_blank_, None)
    return composed(texts, (sizes != texts.str.len_chars()).arg_true())


def composed(texts: pl.Series, places: pl.Series) -> pl.Series:
    """Give the texts with those at some places, which hold more than ASCII, in NFC."""
    if places.is_empty():
        return texts
    foreign = texts.gather(places)
    is_odd = foreign.str.contains(MAY_COMPOSE)
    if not is_odd.any():
        return texts
    made = [unicodedata.normalize("NFC", text) for text in foreign.filter(is_odd)]
    return texts.scatter(places.filter(is_odd), pl.Series(made, dtype=pl.String()))


def lists_of(columns: Sequence[pl.Series]) -> pl.Series:
    """Give for each row the list of what the columns hold, in their order, without nulls.

    `concat_list` does the same; it costs five times as much, for it makes the list of nulls too.
    """
    is_there = np.stack([column.is_not_null().to_numpy() for column in columns], axis=1)
    places = np.flatnonzero(is_there)
    rows, numbers = np.divmod(places, len(columns))
    texts = pl.concat([column.alias("texts") for column in columns]).gather(numbers * len(is_there) + rows)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_there.sum(axis=1))])
    values = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    return pl.Series(pa.LargeListArray.from_arrays(pa.array(offsets), values))
