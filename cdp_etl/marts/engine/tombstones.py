"""Which rows have left each mart since it was published: a version hides them in the files of versions before.

Put here the tables `mart_storage.<mart>_tombstones`. What is published of them stands in `month_files.py`.
"""

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import state, storage
from cdp_etl.marts.engine.mart import DELETED_BY, Mart
from cdp_etl.marts.registry import MARTS

MIN_COMPACTION_ROWS = 100_000
"""Fewer than these cost nothing, however small the mart is."""


def record(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str, load: int) -> None:
    """Write that the rows of a temporary table leave the mart, with `load` as the newest load."""
    columns = ", ".join(quoted(column.name) for column in mart.tombstone_columns)
    connection.execute(
        f"INSERT INTO {mart.tombstone_table} BY NAME SELECT {columns}, {load} AS {DELETED_BY.name} FROM {rows}"
    )


def compact(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Forget them where they are more than half of the mart, to be published anew: it may never be published.

    Those stay that a mart which follows it has not seen yet: it tells by them what to make anew.
    """
    if not storage.exist(connection, mart):
        return
    ((left, kept),) = connection.execute(
        f"SELECT (SELECT count(*) FROM {mart.tombstone_table}), (SELECT count(*) FROM {mart.storage_table})"
    ).fetchall()
    if left > max(MIN_COMPACTION_ROWS, kept / 2):
        connection.execute(
            f"""
            DELETE FROM {mart.tombstone_table}
            WHERE NOT EXISTS (FROM ops.mart_state WHERE list_contains(?, mart) AND load_seq < {DELETED_BY.name})
            """,
            [
                [
                    other.name
                    for other in MARTS
                    if other.refresh_scope and other.refresh_scope.follows_rows_of == mart.name
                ]
            ],
        )
        state.invalidate_published(connection, mart)


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget all of them: they are published."""
    for mart in MARTS:
        if storage.exist(connection, mart):
            connection.execute(f"DELETE FROM {mart.tombstone_table}")
