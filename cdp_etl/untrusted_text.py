"""Texts that a partner wrote, made safe for the place where people read them.

A value, key, reason or file name of a dump can contain control sequences of terminals, marks that reverse the
direction of writing, markup, and formulas of spreadsheets. Each function here is for one kind of place.
"""

import re
import unicodedata
from typing import Any, Final

_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SAFE: Final = frozenset("\n\t\u200c\u200d")
"""Line end and tab; and the joiners, which Persian, Indic scripts and emoji need."""

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_E164_PHONE: Final = re.compile(r"\+[1-9][0-9]{1,14}")

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>!|~&$@]|^[#+-]|:(?=//)|(?<=www)\.)")
"""Markup anywhere; a heading or list at the beginning; the two signs that make an address a link."""


def visible(text: str) -> str:
    r"""Return the text with control characters, bidi marks and invisible marks written as `\u202e`.

    Such characters can steer a terminal, or show a text in another order than it is stored in.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) if _is_unsafe(character) else character for character in text)


def visible_line(text: str) -> str:
    """Return the text as `visible`, on one line."""
    return visible(text).replace("\n", "\\u000a").replace("\t", "\\u0009")


def markdown(text: str) -> str:
    """Return the text as Markdown that shows it literally, on one line: no link, image, HTML or table cell."""
    return _MARKDOWN.sub(r"\\\1", visible_line(text))


def without_formula(value: Any) -> Any:
    """Return a cell of a CSV file so that no spreadsheet evaluates it; values that are no text are unchanged.

    A text that a spreadsheet could take for a formula gets a leading `'`. Numbers and phones in E.164 keep their
    form. House rule.
    """
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    if _NUMBER.fullmatch(value) or _E164_PHONE.fullmatch(value):
        return value
    return f"'{value}"


def _is_unsafe(character: str) -> bool:
    return character not in _SAFE and unicodedata.category(character) in _UNSAFE_CATEGORIES


def _escaped(character: str) -> str:
    """Return the character in the form of JSON: four hexadecimal digits for each of its UTF-16 units."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
