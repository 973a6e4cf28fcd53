"""The business time zone stored in the warehouse: the zone of every `activity_date` in it.

A change of the setting does not change stored days. So another zone is an error until the days are recomputed
(`timezone_change.py`).
"""

import duckdb

from cdp_etl.warehouse.errors import BusinessTimezoneChangedError
from cdp_etl.warehouse.sql import single_value

_NAME = "business_timezone"
STORED_ZONE = f"SELECT max(value) FROM ops.metadata WHERE name = '{_NAME}'"
"""Query of the stored zone; null if none is stored."""


def check(connection: duckdb.DuckDBPyConnection, configured: str) -> None:
    """Compare the configured zone with the stored one. Before the first load no day depends on it.

    Raises:
        BusinessTimezoneChangedError: If they differ, and a dump was loaded.
    """
    zone = stored(connection)
    if zone is not None and zone != configured and is_anything_loaded(connection):
        raise BusinessTimezoneChangedError(zone, configured)


def store_or_check(connection: duckdb.DuckDBPyConnection, configured: str) -> None:
    """Store the zone if none is stored or nothing was loaded, else compare as `check` does."""
    check(connection, configured)
    if stored(connection) != configured:
        store(connection, configured)


def is_anything_loaded(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether any dump was ever loaded."""
    found: bool = single_value(connection, "SELECT count(*) > 0 FROM ops.load WHERE status = 'loaded'")
    return found


def store(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Store a zone; the caller recomputes all days in the same transaction."""
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_NAME])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_NAME, zone])


def stored(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the stored zone; None if none is stored."""
    zone: str | None = single_value(connection, STORED_ZONE)
    return zone
