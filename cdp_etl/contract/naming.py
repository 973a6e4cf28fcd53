"""How a contract name becomes a column name, and back.

Put here only translations of names. What a field means stands in its declaration.
"""

import re

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_MOST_DIGITS = 4
_NO_NAME = "(keys that do not read as a name)"
NOT_AN_OBJECT = ": not an object"
"""How the one warning ends that begins with a delivered key."""

_FOLDED_AWAY = re.compile(r"[_\s]+")


def snake_case(name: str) -> str:
    """Give the column name of a contract field: `productPrice4Sale` -> `product_price4_sale`."""
    return _WORD_START.sub("_", name).lower()


def camel_case(name: str) -> str:
    """Give the contract name of a column: `o2o_cid` -> `o2oCid`."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def looks_like_field_name(key: str) -> bool:
    """Tell whether a delivered key reads as a field's name: one word, few digits (house rule).

    Only such a key is named outside the data: where a source mixes up keys and values, or leaves the header out,
    a key is a phone, an address or a person.
    """
    return bool(_NAME.fullmatch(key)) and sum(character.isdigit() for character in key) <= _MOST_DIGITS


def redact_key(what: str, fact: str = "") -> str:
    """Give what is told of a delivered key, the key left out where it does not read as a name.

    Args:
        what: The key and the fact behind it; what does not end in the fact is of no delivered key, and stays.
        fact: What stands behind the key.
    """
    is_fit = not what.endswith(fact) or looks_like_field_name(what.removesuffix(fact))
    return what if is_fit else f"{_NO_NAME}{fact}"


def normalize_header(header: str) -> str:
    """Give what CSV headers are compared by: case, `_` and blanks do not count (house rule)."""
    return _FOLDED_AWAY.sub("", header).lower()
