"""Unicode's composed form (NFC), in a time that does not depend on what the text contains.

Python orders the marks after a letter by insertion, so a text of nothing but marks takes the square of its length:
four minutes for a megabyte.
"""

import re
import unicodedata
from functools import cache
from typing import Final

_MAX_MARKS: Final = 30
"""Marks after a letter in any real text, by Unicode's Stream-Safe Text Format (UAX #15)."""

_SHORT: Final = 1_000
"""Characters up to which the square of the length is less than the search for such marks."""

_BMP: Final = 0xFFFF
_LAST_MARK: Final = 0x1FFFF
"""No character of a later plane is a mark that is ordered."""


def compose(text: str) -> str:
    """Return a text in NFC."""
    if len(text) > _SHORT and not text.isascii():
        is_bmp = len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)
        text = _long_runs(is_bmp=is_bmp).sub(lambda run: _in_order(run[0]), text)
    return unicodedata.normalize("NFC", text)


@cache
def _long_runs(*, is_bmp: bool) -> re.Pattern[str]:
    """Return the pattern of more marks one after another than any real text has.

    Python searches a set with characters beyond U+FFFF one by one, so only texts that need it get such a set.
    """
    mark = f"[{_marks(0, _BMP)}]"
    if not is_bmp:
        mark = f"(?:{mark}|(?=[\U00010000-\U0010ffff])[{_marks(_BMP + 1, _LAST_MARK)}])"
    return re.compile(f"{mark}{mark}{{{_MAX_MARKS},}}")


def _marks(first: int, last: int) -> str:
    return "".join(
        character
        for character in map(chr, range(first, last + 1))
        if unicodedata.combining(unicodedata.normalize("NFD", character)[0])
    )


def _in_order(marks: str) -> str:
    """Return marks decomposed and in canonical order, which is a stable sort."""
    decomposed = "".join(unicodedata.normalize("NFD", mark) for mark in marks)
    return "".join(sorted(decomposed, key=unicodedata.combining))
