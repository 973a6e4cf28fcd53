"""Delivered texts as columns: trimmed, in NFC, blank as absent, exactly as `values.trimmed` does it one by one.

Put here what holds for a text whatever its field's type. Types are read in `fast_values.py`.
"""

import unicodedata
from typing import Final

import polars as pl

from cdp_etl.contract.values import WHITE_SPACE

MAY_COMPOSE: Final = (
    "[^\\x00-\\u{02ff}\\u{1ea0}-\\u{1ef9}\\u{2010}-\\u{2027}\\u{2030}-\\u{205e}\\u{20a0}-\\u{20bf}"
    "\\u{2190}-\\u{219a}\\u{2500}-\\u{2775}\\u{3041}-\\u{3045}\\u{4e00}-\\u{9fff}\\u{ac00}-\\u{d7a3}\\u{1f300}-\\u{1f6d7}]"
)
"""What stands in texts that are perhaps not in NFC: all but ranges in which every character is as it is in NFC."""


def is_blank(name: str) -> pl.Expr:
    """Say of a column of text whether it is absent."""
    return (pl.col(name).str.strip_chars(WHITE_SPACE).str.len_bytes() == 0).fill_null(value=True)


def trimmed_texts(texts: pl.Series) -> pl.Series:
    """Give the texts without outer white space, in NFC; blank ones are null."""
    texts = texts.str.strip_chars(WHITE_SPACE)
    texts = texts.set(texts.str.len_bytes() == 0, None)
    odd = texts.str.contains(MAY_COMPOSE).fill_null(value=False)
    if not odd.any():
        return texts
    composed = [unicodedata.normalize("NFC", text) for text in texts.filter(odd)]
    return texts.scatter(odd.arg_true(), pl.Series(composed, dtype=pl.String()))
