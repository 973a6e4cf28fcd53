"""Execution of a query from `queries/`, with its rows as values of one type."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

import duckdb

Row = TypeVar("Row")


def run_query(
    connection: duckdb.DuckDBPyConnection, query: str, row_type: Callable[..., Row], **parameters: Any
) -> tuple[Row, ...]:
    """Return the rows of `queries/<query>.sql` in its order; its columns are the arguments of `row_type`.

    The query reads its parameters with `getvariable`, as the marts do: sqlfluff cannot parse `$name`.
    """
    for name, value in parameters.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    sql = files("cdp_etl.report").joinpath(f"queries/{query}.sql").read_text(encoding="utf-8")
    return tuple(row_type(**row) for row in connection.sql(sql).pl().iter_rows(named=True))
