"""One value out of the database: for counts and other queries that give one row with one column."""

from typing import Any

import duckdb


def single_value(connection: duckdb.DuckDBPyConnection, query: str, parameters: object = None) -> Any:
    """Give the value of a query whose result is one row with one column."""
    ((value,),) = connection.execute(query, parameters).fetchall()
    return value
