"""Delivered texts as columns: trimmed, in NFC, blank as absent, exactly as `values.trimmed` does it one by one.

Put here what holds for a text whatever its field's type. Types are read in `fast_values.py`.
"""

import unicodedata
from typing import Final

import polars as pl

MAY_COMPOSE: Final = (
    "[^\\x00-\\u{02ff}\\u{1ea0}-\\u{1ef9}\\u{2010}-\\u{2027}\\u{2030}-\\u{205e}\\u{20a0}-\\u{20bf}"
    "\\u{2190}-\\u{219a}\\u{2500}-\\u{2775}\\u{3041}-\\u{3045}\\u{4e00}-\\u{9fff}\\u{ac00}-\\u{d7a3}\\u{1f300}-\\u{1f6d7}]"
)
"""What stands in texts that are perhaps not in NFC: all but ranges in which every character is as it is in NFC."""


def stripped(text: pl.Expr) -> pl.Expr:
    """Take outer white space away: polars means by it what Unicode and `values.WHITE_SPACE` mean."""
    return text.str.strip_chars()


def is_blank(name: str) -> pl.Expr:
    """Say of a column of text whether it is absent."""
    return (stripped(pl.col(name)).str.len_bytes() == 0).fill_null(value=True)


def trimmed_texts(texts: pl.Series) -> pl.Series:
    """Give the texts without outer white space, in NFC; blank ones are null."""
    texts = texts.str.strip_chars()
    sizes = texts.str.len_bytes()
    is_blank_ = sizes == 0
    if is_blank_.any():
        texts = texts.set(is_blank_, None)
    places = (sizes != texts.str.len_chars()).arg_true()
    if places.is_empty():
        return texts
    foreign = texts.gather(places)
    is_odd = foreign.str.contains(MAY_COMPOSE)
    if not is_odd.any():
        return texts
    composed = [unicodedata.normalize("NFC", text) for text in foreign.filter(is_odd)]
    return texts.scatter(places.filter(is_odd), pl.Series(composed, dtype=pl.String()))
