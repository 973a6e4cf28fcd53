"""The three ways to bring the rows of a mart up to date; each leads to the same rows.

- `rebuild` computes all rows and replaces the table.
- `recompute_affected` replaces the rows of affected keys.
- `replace_differing_rows` computes all rows and replaces those that differ.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import change_counts, input_views, state, storage, tombstones
from cdp_etl.marts.engine.graph import MartGraph
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart
from cdp_etl.marts.engine.scope import RefreshScope


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Changes that a run made to the rows of a mart.

    Attributes:
        affected_keys: Number of recomputed keys. 0 for a full rebuild; for `replace_differing_rows` the larger of
            `deleted` and `inserted`.
        deleted: Number of deleted rows.
        inserted: Number of inserted rows.
        months: Months that may have changed.
    """

    affected_keys: int = 0
    deleted: int = 0
    inserted: int = 0
    months: frozenset[date] = frozenset()


def rebuild(connection: duckdb.DuckDBPyConnection, graph: MartGraph, mart: Mart, load_seq: int) -> RowChanges:
    """Rebuild the mart from all rows of its inputs.

    Args:
        connection: Connection in the transaction of the run.
        graph: All marts.
        mart: The mart.
        load_seq: Newest load.
    """
    existed = storage.exist(connection, mart)
    if not existed:
        storage.create(connection, mart)
    months = frozenset(state.months_of(connection, mart))
    ((deleted,),) = connection.execute(f"SELECT count(*) FROM {mart.storage_table}").fetchall()
    _snapshot_before(connection, graph, mart, mart.table)
    if existed:
        storage.drop(connection, mart)
        storage.create(connection, mart)
    inserted = insert_all_rows(connection, mart, load_seq)
    _append_change_log(connection, graph, mart, load_seq)
    for log in graph.change_logs_of(mart):
        # Delta files contain the rows that are newer than the published load_seq. The rows just appended can have
        # that same load_seq, so the next publish writes the log in full.
        state.invalidate_published(connection, log)
    state.start_generation(connection, mart, graph.downstream(mart))
    return RowChanges(0, deleted, inserted, months | _months(connection, mart, mart.table))


def insert_all_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, load_seq: int) -> int:
    """Compute the mart from all rows of its inputs into its empty table; return the number of rows."""
    return sum(
        _insert(connection, mart, mart.sql, load_seq) for _ in input_views.bind_chunked_inputs(connection, mart)
    )


def recompute_affected(  # noqa: PLR0913, PLR0917 - each is an input of the refresh
    connection: duckdb.DuckDBPyConnection,
    graph: MartGraph,
    mart: Mart,
    scope: RefreshScope,
    since: int,
    load_seq: int,
) -> RowChanges:
    """Recompute the rows of the affected keys.

    Args:
        connection: Connection in the transaction of the run.
        graph: All marts.
        mart: The mart.
        scope: Its refresh scope.
        since: Newest load that the mart has applied.
        load_seq: Newest load.
    """
    affected_keys = input_views.find_affected_keys(connection, mart, scope, since)
    change_counts.create_tables(connection, mart)
    if not affected_keys:
        return RowChanges()
    _snapshot_before(connection, graph, mart, input_views.affected_rows(connection, mart, scope.mart))
    change_counts.collect_deleted_rows(connection, mart, scope)
    tombstones.record(connection, mart, "deleted_rows", load_seq)
    deleted = _delete_collected_rows(connection, mart)
    input_views.bind_filtered_inputs(connection, graph, mart, scope)
    inserted = _insert(connection, mart, _affected_select(mart, scope), load_seq)
    change_counts.count_inserted_rows(connection, mart, scope.mart, load_seq)
    _append_change_log(connection, graph, mart, load_seq)
    inserted_rows = f"(FROM {mart.storage_table} WHERE {WRITTEN_BY.name} = {load_seq})"
    months = _months(connection, mart, "deleted_rows") | _months(connection, mart, inserted_rows)
    return RowChanges(affected_keys, deleted, inserted, months)


def replace_differing_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, load_seq: int) -> RowChanges:
    """Compute the mart in full, and replace only the rows that differ.

    Args:
        connection: Connection in the transaction of the run.
        mart: The mart.
        load_seq: Newest load.
    """
    input_views.bind_full_inputs(connection, mart)
    # Not `AS … LIMIT 0`: DuckDB 2.0.0 would find none of many inserted rows until the transaction ends.
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in mart.columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt ({columns})")
    connection.execute(f"INSERT INTO rebuilt BY NAME {mart.sql}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE outdated AS FROM {mart.table} EXCEPT FROM rebuilt;"
        f"CREATE OR REPLACE TEMP TABLE updated AS FROM rebuilt EXCEPT FROM {mart.table}"
    )
    tombstones.record(connection, mart, "outdated", load_seq)
    same_grain = " AND ".join(
        f"mart.{quoted(column)} IS NOT DISTINCT FROM outdated.{quoted(column)}" for column in mart.grain
    )
    ((deleted,),) = connection.execute(
        f"DELETE FROM {mart.storage_table} AS mart USING outdated WHERE {same_grain}"
    ).fetchall()
    inserted = _insert(connection, mart, "FROM updated", load_seq)
    months = _months(connection, mart, "outdated") | _months(connection, mart, "updated")
    return RowChanges(max(deleted, inserted), deleted, inserted, months if deleted or inserted else frozenset())


def _insert(connection: duckdb.DuckDBPyConnection, mart: Mart, select: str, load_seq: int) -> int:
    hashes = (f"{key_hash.expression} AS {key_hash.name}" for key_hash in mart.hash_columns)
    extra_columns = ", ".join((f"{load_seq} AS {WRITTEN_BY.name}", *hashes))
    ((count,),) = connection.execute(
        f"INSERT INTO {mart.storage_table} BY NAME SELECT *, {extra_columns} FROM ({select}\n)"
    ).fetchall()
    return int(count)


def _delete_collected_rows(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    ((count,),) = connection.execute(
        f"DELETE FROM {mart.storage_table} WHERE rowid IN (SELECT row_id FROM deleted_rows)"
    ).fetchall()
    return int(count)


def _snapshot_before(connection: duckdb.DuckDBPyConnection, graph: MartGraph, mart: Mart, rows: str) -> None:
    """Copy the rows that are about to change, if another mart logs the changes of this one."""
    if graph.change_logs_of(mart):
        columns = ", ".join(quoted(column.name) for column in mart.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(mart.name + '_before')} AS SELECT {columns} FROM {rows}"
        )


def _append_change_log(connection: duckdb.DuckDBPyConnection, graph: MartGraph, mart: Mart, load_seq: int) -> None:
    """Append to each log of the mart; a row of the same grain is replaced."""
    for log in graph.change_logs_of(mart):
        if not storage.exist(connection, log):
            storage.create(connection, log)
        connection.execute("SET VARIABLE newest_load_seq = ?", [load_seq])
        connection.execute(
            "SET VARIABLE newest_dump_date = (SELECT max(dump_date) FROM ops.load WHERE status = 'loaded')"
        )
        input_views.bind_inputs(connection, log)
        written = ", ".join(quoted(column.name) for column in mart.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {quoted(mart.name + '_written')} AS"
            f" SELECT {written} FROM {mart.storage_table} WHERE {WRITTEN_BY.name} = {load_seq};"
            f"CREATE OR REPLACE TEMP VIEW {quoted(log.name + '_before')} AS FROM {log.table};"
            f"CREATE OR REPLACE TEMP TABLE log_rows AS {log.sql};"
            f"CREATE OR REPLACE TEMP TABLE replaced_rows AS SELECT log.*, log.rowid AS row_id"
            f" FROM {log.storage_table} AS log SEMI JOIN log_rows USING ({', '.join(log.grain)})"
        )
        tombstones.record(connection, log, "replaced_rows", load_seq)
        connection.execute(f"DELETE FROM {log.storage_table} WHERE rowid IN (SELECT row_id FROM replaced_rows)")
        if _insert(connection, log, "FROM log_rows", load_seq):
            state.write_months(connection, log, {state.WHOLE_MART}, load_seq)


def _affected_select(mart: Mart, scope: RefreshScope) -> str:
    if not scope.filter_output:
        return mart.sql
    columns = ", ".join(scope.mart.columns)
    return f"FROM ({mart.sql}\n) SEMI JOIN {quoted(scope.mart.key_table)} USING ({columns})"


def _months(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> frozenset[date]:
    if mart.month_column is None:
        return frozenset({state.WHOLE_MART})
    found = connection.execute(
        f"SELECT DISTINCT date_trunc('month', {quoted(mart.month_column)})::DATE FROM {rows}"
    ).fetchall()
    return frozenset(month for (month,) in found)
