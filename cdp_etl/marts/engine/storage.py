"""Storage of a mart: its tables and its view are created, described, dropped, and found."""

import hashlib
from collections.abc import Sequence

import duckdb

from cdp_etl.marts.engine import state
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
    state.write_comments_digest(connection, mart, _digest(_replaceable_statements(mart)))


def update_comments(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Write the view and all comments again if their texts changed.

    The definition hash ignores texts, so a changed description does not rebuild the mart. A migration creates the
    tables of a change log without comments.
    """
    statements = _replaceable_statements(mart)
    digest = _digest(statements)
    if state.comments_digest(connection, mart) == digest or not exist(connection, mart):
        return
    for statement in statements:
        connection.execute(statement)
    state.write_comments_digest(connection, mart, digest)


def drop(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Drop the mart's tables; `create` replaces the view."""
    connection.execute(f"DROP TABLE {mart.storage_table}; DROP TABLE {mart.tombstone_table}")


def _replaceable_statements(mart: Mart) -> list[str]:
    """Return the statements that create the view and write the comments."""
    return [text for text in mart.create_statements() if not text.startswith("CREATE TABLE")]


def _digest(statements: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(statements).encode()).hexdigest()
