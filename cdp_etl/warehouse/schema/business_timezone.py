"""The business time zone that the warehouse remembers: the days in it are the days of that zone.

The setting may change, the days do not follow by themselves. So another zone is refused until a rebuild of
everything is asked for.
"""

import duckdb

from cdp_etl.warehouse.errors import BusinessTimezoneChangedError
from cdp_etl.warehouse.sql import single_value

_SETTING = "business_timezone"


def check(connection: duckdb.DuckDBPyConnection, asked: str) -> None:
    """Compare with what is remembered.

    Raises:
        BusinessTimezoneChangedError: where another zone is remembered.
    """
    zone = remembered(connection)
    if zone is not None and zone != asked:
        raise BusinessTimezoneChangedError(zone, asked)


def remember(connection: duckdb.DuckDBPyConnection, asked: str) -> None:
    """Remember the zone where none is remembered, else compare as `check` does."""
    check(connection, asked)
    if remembered(connection) is None:
        replace(connection, asked)


def replace(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Remember a zone in the place of another; the caller makes the days anew, in the same transaction."""
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_SETTING])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_SETTING, zone])


def remembered(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Give the zone that is remembered; None where none is."""
    zone: str | None = single_value(connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_SETTING])
    return zone
