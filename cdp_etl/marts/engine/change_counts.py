"""Counts of the rows that a refresh deletes and inserts, by which it is checked before the commit.

A mart must gain exactly the records in the change feed. The counts come from the deleted and the inserted rows, so
their cost follows the change, not the history. They are the temporary tables `deleted_rows`, `inserted_counts` and
`duplicate_grain`.
"""

from collections.abc import Sequence

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import input_views
from cdp_etl.marts.engine.key_lookup import lookup_rows
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart, Reconciliation
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope

_ROWS = Reconciliation("1", group_by=("company_id",), predicate="true")
"""For a mart whose rows do not add up to records: its rows are counted, and compared with nothing."""


def create_tables(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Create the tables without rows.

    `collect_deleted_rows` and `count_inserted_rows` replace them instead of inserting. DuckDB 2.0.0 finds none of
    many rows in a table created with `AS … LIMIT 0` until the transaction ends.
    """
    counted = mart.reconciliation or _ROWS
    group_by, deleted = ", ".join(counted.group_by), ", ".join(_deleted_columns(mart))
    no_rows = f"FROM {mart.storage_table} LIMIT 0"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE deleted_rows AS
        SELECT rowid AS row_id, {deleted}, {counted.column} AS n {no_rows};
        CREATE OR REPLACE TEMP TABLE inserted_counts AS
        SELECT {group_by}, {counted.column}::HUGEINT AS n {no_rows};
        CREATE OR REPLACE TEMP TABLE duplicate_grain AS
        SELECT {", ".join(mart.grain)}, 0 AS found {no_rows}
        """
    )


def collect_deleted_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, scope: RefreshScope) -> None:
    """Collect the affected rows, which are about to be deleted."""
    counted = mart.reconciliation or _ROWS
    rows = quoted(scope.existing_rows) if scope.existing_rows else None
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE deleted_rows AS
        SELECT row_id, {", ".join(_deleted_columns(mart))}, {counted.column} AS n
        FROM {rows or input_views.affected_rows(connection, mart, scope.mart)}
        """
    )


def count_inserted_rows(
    connection: duckdb.DuckDBPyConnection, mart: Mart, key_filter: KeyFilter, load_seq: int
) -> None:
    """Count the rows that have an affected grain after the insert, under whatever key.

    If the grain alone identifies the affected keys, all other rows of the grain were just deleted. Otherwise an
    existing record may also have a row under another key, so those rows are looked up. A record new to the feed
    cannot: its insert would have failed that run's checks, and the weekly full check covers the case.

    Args:
        connection: Connection in the transaction of the run.
        mart: The mart.
        key_filter: Filter of its affected rows.
        load_seq: Load by which the inserted rows were written.
    """
    counted = mart.reconciliation or _ROWS
    key = tuple(column for column in key_filter.columns if column in mart.grain or column == "key_hash")
    group_by, grain = ", ".join(counted.group_by), ", ".join(mart.grain)
    grouped = ", ".join(
        column if column in mart.grain else f"min({column}) AS {column}" for column in counted.group_by
    )
    inserted = f"FROM {mart.storage_table} WHERE {WRITTEN_BY.name} = {load_seq}"
    rows = f"({inserted})"
    if key != key_filter.columns:
        elsewhere = lookup_rows(
            mart.name,
            f"(SELECT DISTINCT {', '.join(key)} FROM pending WHERE image = 'before')",
            key,
            mart.hash_for(key),
            where=f"{WRITTEN_BY.name} <> {load_seq}",
            row_id_chunks=mart.row_id_chunks,
        )
        rows = f"({inserted} UNION ALL BY NAME FROM {elsewhere})"
    ((duplicates,),) = connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE inserted_counts AS
        SELECT {group_by}, sum(n) AS n, sum(found) - count(*) AS duplicates
        FROM (SELECT {grouped}, sum({counted.column}) AS n, count(*) AS found FROM {rows} GROUP BY {grain})
        GROUP BY {group_by};
        SELECT coalesce(sum(duplicates), 0) FROM inserted_counts
        """
    ).fetchall()
    if duplicates:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE duplicate_grain AS SELECT {grain}, count(*) AS found FROM {rows}"
            f" GROUP BY {grain} HAVING count(*) > 1"
        )


def _deleted_columns(mart: Mart) -> Sequence[str]:
    """Return the columns of `deleted_rows`: those that the rows are counted by, and those of a tombstone."""
    names = (column.name for column in mart.tombstone_columns)
    return list(dict.fromkeys((*(mart.reconciliation or _ROWS).group_by, *names)))
