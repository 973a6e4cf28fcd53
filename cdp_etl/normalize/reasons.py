"""The reasons for which a record is refused as a whole, before any field of it is looked at.

Put here reasons whose subject is the record. A field's reasons are made where its value is read
(`cdp_etl.contract.parsers`).
"""

from typing import Final

MALFORMED_JSON: Final = "record: malformed JSON"
NOT_AN_OBJECT: Final = "record: not an object"
NOT_UTF8: Final = "record: not UTF-8"
AFTER_CLOSING_QUOTE: Final = "record: text after a closing quote"
OTHER_ENTITY: Final = "objectType: not this entity"
NEWER_VERSION_QUARANTINED: Final = "newer version quarantined"
"""A warning: a later record of the same key was refused, so this older one stands (RULINGS 2)."""


def too_long(limit: int) -> str:
    """Say that a record is longer than the setting allows, in bytes."""
    return f"record: longer than the limit of {limit} bytes"


def ragged(cells: int, headers: int) -> str:
    """Say that a CSV row has another number of cells than the header."""
    return f"record: {cells} cells, the header has {headers}"
