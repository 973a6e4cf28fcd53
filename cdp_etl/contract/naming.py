"""How a contract name becomes a column name, and back.

Put here only translations of names. What a field means stands in its declaration.
"""

import re

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_FOLDED_AWAY = re.compile(r"[_\s]+")


def snake_case(name: str) -> str:
    """Give the column name of a contract field: `productPrice4Sale` -> `product_price4_sale`."""
    return _WORD_START.sub("_", name).lower()


def camel_case(name: str) -> str:
    """Give the contract name of a column: `o2o_cid` -> `o2oCid`."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def fold_header(header: str) -> str:
    """Give what CSV headers are compared by: case, `_` and blanks do not count (house rule)."""
    return _FOLDED_AWAY.sub("", header).lower()
