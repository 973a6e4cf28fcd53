"""Conversion between contract names and column names, and checks of delivered names."""

import re

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_MAX_DIGITS = 4
_REDACTED = "(keys that do not read as a name)"
NOT_AN_OBJECT = ": not an object"
"""End of the only warning that begins with a delivered key."""

_HEADER_FILLERS = re.compile(r"[_\s]+")


def snake_case(name: str) -> str:
    """Return the column name of a contract field: `productPrice4Sale` -> `product_price4_sale`."""
    return _WORD_START.sub("_", name).lower()


def camel_case(name: str) -> str:
    """Return the contract name of a column: `o2o_cid` -> `o2oCid`."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def looks_like_field_name(key: str) -> bool:
    """Return whether a delivered key looks like a field name: one word with few digits (house rule).

    Only such keys may appear outside the data. If a source swaps keys and values, or omits the header row, a key
    is a phone number, an address or a person's name.
    """
    return bool(_NAME.fullmatch(key)) and sum(character.isdigit() for character in key) <= _MAX_DIGITS


def redact_key(text: str, fact: str = "") -> str:
    """Return the text with its delivered key replaced, unless the key looks like a field name.

    Args:
        text: A key followed by the fact. Text that does not end in the fact has no key and is returned unchanged.
        fact: Text after the key.
    """
    is_harmless = not text.endswith(fact) or looks_like_field_name(text.removesuffix(fact))
    return text if is_harmless else f"{_REDACTED}{fact}"


def normalize_header(header: str) -> str:
    """Return the form in which CSV headers are compared: without case, `_` and white space (house rule)."""
    return _HEADER_FILLERS.sub("", header).lower()
