"""What a patch takes out of a mart and puts in, counted: what is checked before it is committed.

A mart must gain exactly the records that the change feed tells of, no more and no fewer, whichever slices were
made anew. That is counted from what left and what entered, so it costs what the change costs, not the history.

Put here the temporary tables `leaving`, `entered` and `doubled`. What must hold of them stands in `facts.py`.
"""

from collections.abc import Sequence

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import input_views
from cdp_etl.marts.engine.key_lookup import lookup_rows
from cdp_etl.marts.engine.mart import WRITTEN_BY, KeyFilter, Mart, Reconciliation, RefreshScope

_ROWS = Reconciliation("1", group_by=("company_id",), predicate="true")
"""For a mart that does not count records: its rows are counted, and compared with nothing."""


def create_tables(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Make the tables, empty: what is not affected gains nothing.

    They are made anew where there are rows: DuckDB 2.0.0 finds no row in one made by `AS … LIMIT 0` until the
    transaction ends, where there are many.
    """
    counted = mart.reconciliation or _ROWS
    by, leaving, none = (
        ", ".join(counted.group_by),
        ", ".join(_leaving_columns(mart)),
        f"FROM {mart.storage_table} LIMIT 0",
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE leaving AS SELECT rowid AS row_id, {leaving}, {counted.column} AS n {none};"
        f"CREATE OR REPLACE TEMP TABLE entered AS SELECT {by}, {counted.column}::HUGEINT AS n {none};"
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {', '.join(mart.grain)}, 0 AS found {none}"
    )


def collect_deleted_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, refresh_scope: RefreshScope) -> None:
    """Find the rows of the affected slices, which are about to be deleted."""
    counted = mart.reconciliation or _ROWS
    rows = (
        quoted(refresh_scope.existing_rows)
        if refresh_scope.existing_rows
        else input_views.affected_rows(connection, mart, refresh_scope.mart)
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE leaving AS
        SELECT row_id, {", ".join(_leaving_columns(mart))}, {counted.column} AS n
        FROM {rows}
        """
    )


def count_inserted_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, cut: KeyFilter, load: int) -> None:
    """Count the rows that have a affected grain now, in whichever slice they are: those of `load`, just made.

    Where slices are told apart by the grain alone, all others of the grain have just been deleted. Else a record
    that was there before may have a row in another slice too: it is sought. One that the feed knows nothing of
    before has none: that would have contradicted the run by which it came, and the full check still sees it.
    """
    counted = mart.reconciliation or _ROWS
    own = tuple(column for column in cut.columns if column in mart.grain or column == "key_hash")
    by, grain = ", ".join(counted.group_by), ", ".join(mart.grain)
    one_of = ", ".join(
        column if column in mart.grain else f"any_value({column}) AS {column}" for column in counted.group_by
    )
    made = f"FROM {mart.storage_table} WHERE {WRITTEN_BY.name} = {load}"
    rows = f"({made})"
    if own != cut.columns:
        known = f"(SELECT DISTINCT {', '.join(own)} FROM pending WHERE image = 'before')"
        is_older = f"{WRITTEN_BY.name} <> {load}"
        elsewhere = lookup_rows(
            mart.name, known, own, mart.hash_for(own), where=is_older, row_id_chunks=mart.row_id_chunks
        )
        rows = f"({made} UNION ALL BY NAME FROM {elsewhere})"
    ((doubles,),) = connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE entered AS
        SELECT {by}, sum(n) AS n, sum(found) - count(*) AS doubles
        FROM (SELECT {one_of}, sum({counted.column}) AS n, count(*) AS found FROM {rows} GROUP BY {grain})
        GROUP BY {by};
        SELECT coalesce(sum(doubles), 0) FROM entered
        """
    ).fetchall()
    if doubles:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {grain}, count(*) AS found FROM {rows}"
            f" GROUP BY {grain} HAVING count(*) > 1"
        )


def _leaving_columns(mart: Mart) -> Sequence[str]:
    """Name what is told of a row that leaves: what it is counted by, and what is written of it."""
    left = (column.name for column in mart.tombstone_columns)
    return list(dict.fromkeys((*(mart.reconciliation or _ROWS).group_by, *left)))
