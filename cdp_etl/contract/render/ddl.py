"""DuckDB DDL of tables and views, with comments."""

from collections.abc import Sequence
from typing import Literal

from cdp_etl.contract.table import TableColumn


def quoted(identifier: str) -> str:
    """Return an identifier in double quotes, for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL string literal, for statements that accept no parameters."""
    return "'" + text.replace("'", "''") + "'"


def create_table(schema: str, table: str, columns: Sequence[TableColumn], comment: str) -> list[str]:
    """Return the statements that create a table and comment on it and on its columns.

    No primary key is declared: in DuckDB it makes the file 2.4 times larger and loading 3 to 5 times slower.
    Checks verify uniqueness instead.
    """
    name = f"{quoted(schema)}.{quoted(table)}"
    body = ",\n  ".join(_definition(column) for column in columns)
    return [f"CREATE TABLE {name} (\n  {body}\n)", *comments("TABLE", schema, table, columns, comment)]


def create_view(schema: str, view: str, columns: Sequence[TableColumn], select: str, comment: str) -> list[str]:
    """Return the statements that create a view and comment on it and on its columns."""
    name = f"{quoted(schema)}.{quoted(view)}"
    return [f"CREATE OR REPLACE VIEW {name} AS {select}", *comments("VIEW", schema, view, columns, comment)]


def comments(
    kind: Literal["TABLE", "VIEW"], schema: str, table: str, columns: Sequence[TableColumn], comment: str
) -> list[str]:
    """Return the statements that comment on a table or view and on its columns."""
    name = f"{quoted(schema)}.{quoted(table)}"
    return [
        f"COMMENT ON {kind} {name} IS {literal(comment)}",
        *(f"COMMENT ON COLUMN {name}.{quoted(c.name)} IS {literal(c.description)}" for c in columns),
    ]


def _definition(column: TableColumn) -> str:
    compression = f" USING COMPRESSION {column.compression}" if column.compression else ""
    return f"{quoted(column.name)} {column.type.duckdb}{'' if column.is_nullable else ' NOT NULL'}{compression}"
