"""What stops the normalizing of a dump as a whole.

Put here errors after which nothing of the dump is kept. What is wrong with one record is a reason (`reasons.py`).
"""

from typing import Final

from cdp_etl.errors import CdpEtlError


class DumpUnreadableError(CdpEtlError):
    """A file of the dump cannot be read to its end; nothing of the dump is written."""

    def __init__(self, file: str, fact: str, offset: int | None = None) -> None:
        """Name the file, the fact, and where known the byte offset in it.

        Args:
            file: Path within the dump.
            fact: What was found and what was expected, without a record's values.
            offset: Byte offset in the file; in the decompressed bytes where the fault is in them.
        """
        place = file if offset is None else f"{file}, offset {offset}"
        super().__init__(f"{place}: {fact}; nothing of this dump was taken.")
        self.file = file
        self.offset = offset


class RecordsLostError(CdpEtlError):
    """The records read are not those accepted, superseded and quarantined; nothing of the dump is kept."""


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
