"""Cells that were written so that a spreadsheet reads them as text and keeps their zeros."""

import re
from typing import Final

from cdp_etl.contract.parsers import normalize_text
from cdp_etl.normalize.reference_path import Unwrapped

_FORMULA: Final = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE: Final = re.compile(r"'(?=[0-9+=])")


def unwrap(text: str, *, has_apostrophe: bool) -> str:
    """Return the text of a cell; as `Unwrapped` if it was a formula `="00123"` or began with an apostrophe.

    Args:
        text: The cell.
        has_apostrophe: Whether an apostrophe before a digit, `+` or `=` is no part of the field's values.
    """
    trimmed = inner = normalize_text(text)
    if has_apostrophe:
        inner = _APOSTROPHE.sub("", inner, count=1) if inner.startswith("'") else inner
    if (formula := _FORMULA.fullmatch(inner)) is not None:
        inner = formula[1].replace('""', '"')
    return text if inner == trimmed else Unwrapped(inner)
