"""Wrappers around a contact: `tel:`, `Name <a@x>`, quotes, full-width forms, invisible marks.

A wrapper says nothing about the contact, so it is removed before the contact is validated. The delivered text
stays as it is.
"""

import re
from typing import Final

_INVISIBLE: Final = (0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF)
_SPACES: Final = (0x00A0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_DASHES: Final = (*range(0x2010, 0x2016), 0x2212)
_READABLE: Final = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(_INVISIBLE)
    | dict.fromkeys(_SPACES, " ")
    | dict.fromkeys(_DASHES, "-")
)
"""Full-width forms U+FF01 to U+FF5E become ASCII; invisible marks are removed; spaces and dashes become ASCII."""

_EDGES: Final = " \t\"'`\u2018\u2019\u201c\u201d\u200c\u200d"
"""Quotes, and the marks that are joiners within a word but nothing at its edges."""
_SPREADSHEET_TEXT: Final = re.compile(r'="(.*)')
_NAMED: Final = re.compile(r"[^<>@]*<([^<>]*)>")
_PHONE_SCHEME: Final = re.compile(r"(?:tel|sms|callto|whatsapp):", re.IGNORECASE | re.ASCII)
_EMAIL_SCHEME: Final = re.compile(r"mailto:", re.IGNORECASE | re.ASCII)
_FLOAT: Final = re.compile(r"(\+?[0-9]+)\.0", re.ASCII)


def unwrap_phone(text: str) -> str:
    """Return a phone without its wrapper: `tel:+84 90…`, `'090…`, `901234567.0`."""
    text = _unwrap(text, (_SPREADSHEET_TEXT,), _PHONE_SCHEME)
    number = _FLOAT.fullmatch(text)
    return number[1] if number else text


def unwrap_email(text: str) -> str:
    """Return an address without its wrapper: `mailto:a@x`, `Name <a@x>`, `"a@x"`."""
    return _unwrap(text, (_SPREADSHEET_TEXT, _NAMED), _EMAIL_SCHEME)


def _unwrap(text: str, enclosing: tuple[re.Pattern[str], ...], scheme: re.Pattern[str]) -> str:
    """Remove wrappers until none is left. Each step shortens the text."""
    text = text.translate(_READABLE)
    before = None
    while text != before:
        before = text
        text = text.strip(_EDGES).rstrip(",;")
        for pattern in enclosing:
            inner = pattern.fullmatch(text)
            text = inner[1] if inner else text
        prefix = scheme.match(text)
        text = text[prefix.end() :] if prefix else text
    return text
