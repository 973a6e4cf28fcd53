"""How a figure is asked of the warehouse: a query from `queries/`, its parameters, its rows as values of one type.

Put here only the asking. What is asked stands in the queries, what a row means in the type that it becomes.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

import duckdb

Row = TypeVar("Row")


def ask(
    connection: duckdb.DuckDBPyConnection, query: str, row_type: Callable[..., Row], **parameters: Any
) -> tuple[Row, ...]:
    """Give the rows of `queries/<query>.sql`, in its order; its columns are the arguments of `row_type`.

    The query reads its parameters by `getvariable`, as the marts do: what can be linted has no `$name`.
    """
    for name, value in parameters.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    sql = files("cdp_etl.report").joinpath(f"queries/{query}.sql").read_text(encoding="utf-8")
    return tuple(row_type(**row) for row in connection.sql(sql).pl().iter_rows(named=True))
