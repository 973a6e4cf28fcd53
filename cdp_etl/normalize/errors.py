"""Errors that stop the normalization of a dump, and the reasons that quarantine a single record.

An error is about the dump as a whole: nothing of the dump is stored. A reason is about one record. Reason texts
are stored with the record and counted by their exact wording, so they must not change.
"""

from datetime import date
from pathlib import Path
from typing import Final

from cdp_etl.errors import CdpEtlError


class DumpUnreadableError(CdpEtlError):
    """A file of the dump cannot be read to its end; nothing of the dump is stored."""

    def __init__(self, file: str, fact: str, offset: int | None = None) -> None:
        """Name the file, the fact, and the byte offset if it is known.

        Args:
            file: Path within the dump.
            fact: What was found and what was expected, without any value of a record.
            offset: Byte offset in the file, or in the decompressed bytes if the fault is in them.
        """
        place = file if offset is None else f"{file}, offset {offset}"
        super().__init__(f"{place}: {fact}; nothing of this dump was stored.")
        self.file = file
        self.offset = offset


class ArchiveDamagedError(CdpEtlError):
    """A file of the archive is missing, or has other bytes than when it was pulled. Nothing was stored."""

    def __init__(self, entity: str, dump_date: date, file: str, fact: str) -> None:
        super().__init__(
            f"{entity} {dump_date}: the archive is damaged, which is no fault of the partner: {file} {fact}."
            f" Pull it again from the landing zone: `cdp-etl run --deep --entity {entity} --from {dump_date}`."
        )


class OutputDamagedError(CdpEtlError):
    """An output in the lake is damaged. Normalizing the dump again replaces it."""

    def __init__(self, entity: str, dump_date: str, path: Path, fact: str) -> None:
        super().__init__(
            f"{path} in the lake is damaged: {fact}. Rebuild it from the archive:"
            f" `cdp-etl run --entity {entity} --from {dump_date} --force`; for all dumps: `cdp-etl check --full`."
        )


class RecordsLostError(CdpEtlError):
    """The records read are not those accepted, superseded and quarantined; nothing of the dump is stored."""


MALFORMED_JSON: Final = "record: malformed JSON"
LONE_SURROGATE: Final = "record: half of a character (lone surrogate)"
HUGE_NUMBER: Final = "record: a number beyond all bounds"
NOT_A_NUMBER: Final = "record: NaN or Infinity, which is not JSON"
NOT_AN_OBJECT: Final = "record: not an object"
NOT_UTF8: Final = "record: not UTF-8"
AFTER_CLOSING_QUOTE: Final = "record: text after a closing quote"
OTHER_ENTITY: Final = "objectType: not this entity"
NEWER_VERSION_QUARANTINED: Final = "newer version quarantined"
"""A warning: a later record of the same key was quarantined, so this older version is accepted."""


def too_long(limit: int) -> str:
    """Return the reason of a record that is longer than the limit, in bytes."""
    return f"record: longer than the limit of {limit} bytes"


def too_many_keys(limit: int) -> str:
    """Return the reason of a record with more keys than the limit."""
    return f"record: more than {limit} keys"


def wrong_cell_count(cells: int, columns: int) -> str:
    """Return the reason of a CSV row with another number of cells than the header."""
    return f"record: {cells} cells, the header has {columns}"
