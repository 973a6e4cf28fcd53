"""Unicode NFC for string columns, and the character ranges that need no normalization.

The compiled code uses the same ranges. Most strings contain only such characters and are not normalized one by
one.
"""

from typing import Final

import polars as pl

from cdp_etl.contract.composed_text import compose

NFC_STABLE_RANGES: Final = (
    (0x0000, 0x02FF), (0x1EA0, 0x1EF9), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF), (0x2190, 0x219A),
    (0x2500, 0x2775), (0x3041, 0x3045), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1F6D7),
)  # fmt: skip # one list, not one a line
"""Ranges of characters that NFC leaves unchanged, whatever their neighbours are."""

NFC_UNCERTAIN: Final = (
    "[^" + "".join(rf"\u{{{first:x}}}-\u{{{last:x}}}" for first, last in NFC_STABLE_RANGES) + "]"
)
"""Regular expression that matches every string that may not be in NFC."""


def to_nfc(strings: pl.Series, rows: pl.Series) -> pl.Series:
    """Return the strings in NFC; only those at some rows are normalized.

    Args:
        strings: A column of strings.
        rows: Indexes of the strings that may not be in NFC. All others are, such as ASCII.
    """
    if rows.is_empty():
        return strings
    non_ascii = strings.gather(rows)
    is_uncertain = non_ascii.str.contains(NFC_UNCERTAIN)
    if not is_uncertain.any():
        return strings
    normalized = [compose(text) for text in non_ascii.filter(is_uncertain)]
    return strings.scatter(rows.filter(is_uncertain), pl.Series(normalized, dtype=pl.String()))
