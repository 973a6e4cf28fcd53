"""The tables that a mart is kept in, and the view by which it is read: made, dropped, looked for.

What they hold is declared in `mart.py`; what is done to their rows stands in `changing.py` and `leavers.py`.
"""

import duckdb

from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart


def exist(connection: duckdb.DuckDBPyConnection, mart: Mart) -> bool:
    """Tell whether the mart's tables are there."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?"
        " AND database_name = current_database()",
        [STORAGE_SCHEMA, mart.name],
    ).fetchone()
    return found != (0,)


def create(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Make the mart's tables and its view, with comments."""
    for statement in mart.create_statements():
        connection.execute(statement)


def update_comments(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Write the mart's view and all comments again, for example of tables that a migration created."""
    for statement in mart.create_statements():
        if not statement.startswith("CREATE TABLE"):
            connection.execute(statement)


def drop(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Drop the mart's tables; its view is replaced when they are made again."""
    connection.execute(f"DROP TABLE {mart.storage_table}; DROP TABLE {mart.tombstone_table}")
