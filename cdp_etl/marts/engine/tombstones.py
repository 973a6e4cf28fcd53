"""Tombstones: keys of mart rows deleted since the last publish.

A published version reuses the Parquet files of earlier versions and hides the rows listed here (merge-on-read).
`delta_files.py` writes them out.
"""

from collections.abc import Iterable, Sequence

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import state, storage
from cdp_etl.marts.engine.mart import DELETED_BY, Mart

MIN_COMPACTION_ROWS = 100_000
"""Below this number tombstones are cheaper to keep than to compact, whatever the size of the mart."""


def record(connection: duckdb.DuckDBPyConnection, mart: Mart, deleted_rows: str, load_seq: int) -> None:
    """Record the keys of deleted rows.

    Args:
        connection: Connection in the transaction of the run.
        mart: Mart that the rows are deleted from.
        deleted_rows: Name of the temporary table that holds the rows.
        load_seq: Newest load.
    """
    columns = ", ".join(quoted(column.name) for column in mart.tombstone_columns)
    connection.execute(
        f"INSERT INTO {mart.tombstone_table} BY NAME"
        f" SELECT {columns}, {load_seq} AS {DELETED_BY.name} FROM {deleted_rows}"
    )


def compact(connection: duckdb.DuckDBPyConnection, mart: Mart, followers: Sequence[Mart]) -> None:
    """Drop tombstones that outweigh half of the mart, so that the next publish writes the mart in full.

    Marts that are never published would otherwise collect tombstones without limit. Tombstones that a follower has
    not applied yet are kept, because the follower reads them to find affected rows.

    Args:
        connection: Connection in the transaction of the run.
        mart: Mart of the tombstones.
        followers: Marts whose refresh scope follows the rows of this mart.
    """
    ((tombstone_count, row_count),) = connection.execute(
        f"SELECT (SELECT count(*) FROM {mart.tombstone_table}), (SELECT count(*) FROM {mart.storage_table})"
    ).fetchall()
    if tombstone_count > max(MIN_COMPACTION_ROWS, row_count / 2):
        connection.execute(
            f"""
            DELETE FROM {mart.tombstone_table}
            WHERE NOT EXISTS (FROM ops.mart_state WHERE list_contains(?, mart) AND load_seq < {DELETED_BY.name})
            """,
            [[follower.name for follower in followers]],
        )
        state.invalidate_published(connection, mart)


def clear(connection: duckdb.DuckDBPyConnection, marts: Iterable[Mart]) -> None:
    """Delete all tombstones of these marts after a publish."""
    for mart in marts:
        if storage.exist(connection, mart):
            connection.execute(f"DELETE FROM {mart.tombstone_table}")
