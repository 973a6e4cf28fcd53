"""The business time zone that the warehouse remembers: the days in it are the days of that zone.

The setting may change, the days do not follow by themselves. So another zone is refused until a rebuild of
everything is asked for.
"""

import duckdb

from cdp_etl.warehouse.errors import BusinessTimezoneChangedError
from cdp_etl.warehouse.single_value import single_value

_SETTING = "business_timezone"


def check(connection: duckdb.DuckDBPyConnection, asked: str) -> None:
    """Compare with what is remembered.

    Raises:
        BusinessTimezoneChangedError: where another zone is remembered.
    """
    remembered = _remembered(connection)
    if remembered is not None and remembered != asked:
        raise BusinessTimezoneChangedError(remembered, asked)


def remember(connection: duckdb.DuckDBPyConnection, asked: str) -> None:
    """Remember the zone where none is remembered, else compare as `check` does."""
    check(connection, asked)
    if _remembered(connection) is None:
        connection.execute("INSERT INTO ops.setting BY NAME SELECT ? AS name, ? AS value", [_SETTING, asked])


def _remembered(connection: duckdb.DuckDBPyConnection) -> str | None:
    remembered: str | None = single_value(
        connection, "SELECT max(value) FROM ops.setting WHERE name = ?", [_SETTING]
    )
    return remembered
