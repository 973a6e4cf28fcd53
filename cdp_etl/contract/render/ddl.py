"""A table's or view's columns as DuckDB DDL, with comments."""

from collections.abc import Sequence

from cdp_etl.contract.table import TableColumn


def quoted(identifier: str) -> str:
    """Give an identifier in double quotes, for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Give a text as an SQL string literal, for the few statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def create_table(schema: str, table: str, columns: Sequence[TableColumn], comment: str) -> list[str]:
    """Give the statements that make a table and say what it and each of its columns mean.

    No key is declared: in DuckDB one makes the file 2.4 times larger and loading 3 to 5 times slower; uniqueness
    is checked instead.
    """
    name = f"{quoted(schema)}.{quoted(table)}"
    body = ",\n  ".join(_definition(column) for column in columns)
    return [
        f"CREATE TABLE {name} (\n  {body}\n)",
        f"COMMENT ON TABLE {name} IS {literal(comment)}",
        *(f"COMMENT ON COLUMN {name}.{quoted(c.name)} IS {literal(c.description)}" for c in columns),
    ]


def create_view(schema: str, view: str, columns: Sequence[TableColumn], select: str, comment: str) -> list[str]:
    """Give the statements that make a view and say what it and each of its columns mean."""
    name = f"{quoted(schema)}.{quoted(view)}"
    return [
        f"CREATE OR REPLACE VIEW {name} AS {select}",
        f"COMMENT ON VIEW {name} IS {literal(comment)}",
        *(f"COMMENT ON COLUMN {name}.{quoted(c.name)} IS {literal(c.description)}" for c in columns),
    ]


def _definition(column: TableColumn) -> str:
    compression = f" USING COMPRESSION {column.compression}" if column.compression else ""
    return f"{quoted(column.name)} {column.type.duckdb}{'' if column.is_nullable else ' NOT NULL'}{compression}"
