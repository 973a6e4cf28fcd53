"""Storage of a mart: its tables and its view are created, dropped, and found."""

import duckdb

from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart


def exist(connection: duckdb.DuckDBPyConnection, mart: Mart) -> bool:
    """Return whether the mart's tables exist."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?"
        " AND database_name = current_database()",
        [STORAGE_SCHEMA, mart.name],
    ).fetchone()
    return found != (0,)


def create(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Create the mart's tables and its view, with comments."""
    for statement in mart.create_statements():
        connection.execute(statement)


def drop(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Drop the mart's tables; `create` replaces the view."""
    connection.execute(f"DROP TABLE {mart.storage_table}; DROP TABLE {mart.tombstone_table}")
