"""What stops the normalizing of a dump as a whole.

Put here errors after which nothing of the dump is kept. What is wrong with one record is a reason (`reasons.py`).
"""

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
