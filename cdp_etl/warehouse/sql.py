"""Helpers for SQL statements: transactions, queries with one value."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end of the block; roll back if the block raises."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def single_value(connection: duckdb.DuckDBPyConnection, query: str, parameters: object = None) -> Any:
    """Return the value of a query whose result is one row with one column."""
    ((value,),) = connection.execute(query, parameters).fetchall()
    return value
