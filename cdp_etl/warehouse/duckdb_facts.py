"""Facts about disk, memory and damage in the messages of DuckDB, which has no classes for them.

They are recognized by fixed parts of the messages that have no values of records. Any other message may quote a
value, so it is never shown.
"""

import re
from pathlib import Path

import duckdb

from cdp_etl.storage_errors import free_bytes

_DAMAGE = re.compile(
    r"Corrupt database file: [^\n]*|Could not read enough bytes from file [^\n]*"
    r"|exists, but it is not a valid DuckDB database file"
)
_DISK = re.compile(
    r"(?:Could not|Cannot|Failed to) [a-z ]*(?:file|directory) [^\n]*|failed to offload data block[^\n]*"
)

_FILE = re.compile(r'"(/[^"]+)"')


def damage_fact(error: Exception) -> str | None:
    """Return what DuckDB says of a damaged file; None if the error is about something else.

    Arrow raises errors of DuckDB as its own, with the same text.
    """
    found = _DAMAGE.search(str(error))
    if found is not None:
        return found[0]
    return type(error).__name__ if isinstance(error, duckdb.SerializationException) else None


def storage_fact(error: duckdb.Error) -> str | None:
    """Return what DuckDB says of the disk or the memory, with the free bytes; None if it says nothing of them."""
    found = _DISK.search(str(error))
    if found is not None:
        file = _FILE.search(found[0])
        return found[0] + (f"; {free_bytes(Path(file[1]))} bytes are free there" if file else "")
    is_about_resources = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)
    return str(error).partition("\n")[0] if is_about_resources else None
