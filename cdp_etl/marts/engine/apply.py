"""The three ways in which the rows of a mart change: rebuilt whole, patched by slices, or by what differs.

Each gives the same rows in the end. Put here the statements; when which is due stands in `keeping.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.engine import change_counts, input_views, state, storage, tombstones
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart, RefreshScope
from cdp_etl.marts.registry import MARTS


@dataclass(frozen=True, slots=True)
class RowChanges:
    """What was done to a mart.

    Attributes:
        affected_keys: Keys that were made anew; 0 for a whole rebuild.
        deleted: Rows taken out.
        inserted: Rows put in.
        months: Months that may have changed.
    """

    affected_keys: int = 0
    deleted: int = 0
    inserted: int = 0
    months: frozenset[date] = frozenset()


def rebuild(connection: duckdb.DuckDBPyConnection, mart: Mart, load: int) -> RowChanges:
    """Make the mart's table anew, from all of its inputs; `load` is the newest of these."""
    if not storage.exist(connection, mart):
        storage.create(connection, mart)
    months = frozenset(state.months_of(connection, mart))
    ((deleted,),) = connection.execute(f"SELECT count(*) FROM {mart.storage_table}").fetchall()
    _snapshot_before(connection, mart, mart.table)
    storage.drop(connection, mart)
    storage.create(connection, mart)
    inserted = sum(
        _insert(connection, mart, mart.sql, load) for _ in input_views.bind_chunked_inputs(connection, mart)
    )
    _append_change_log(connection, mart, load)
    for log in _change_logs_of(mart):
        # What it lists now may bear a load that was published already, so that by loads nothing of it is new.
        state.invalidate_published(connection, log)
        storage.update_comments(connection, log)  # a migration may have created its tables
    state.start_generation(connection, mart)
    return RowChanges(0, deleted, inserted, months | _months(connection, mart, mart.table))


def recompute_affected(
    connection: duckdb.DuckDBPyConnection, mart: Mart, refresh_scope: RefreshScope, since: int, load: int
) -> RowChanges:
    """Make the affected slices anew, those of every load after `since` up to `load`."""
    affected = input_views.find_affected_keys(connection, mart, refresh_scope, since)
    change_counts.create_tables(connection, mart)
    if not affected:
        return RowChanges()
    _snapshot_before(connection, mart, input_views.affected_rows(connection, mart, refresh_scope.mart))
    change_counts.collect_deleted_rows(connection, mart, refresh_scope)
    tombstones.record(connection, mart, "leaving", load)
    deleted = _delete_leaving(connection, mart)
    input_views.bind_filtered_inputs(connection, mart, refresh_scope)
    inserted = _insert(connection, mart, _replacement_select(mart, refresh_scope), load)
    change_counts.count_inserted_rows(connection, mart, refresh_scope.mart, load)
    _append_change_log(connection, mart, load)
    made = f"(FROM {mart.storage_table} WHERE {WRITTEN_BY.name} = {load})"
    return RowChanges(
        affected, deleted, inserted, _months(connection, mart, "leaving") | _months(connection, mart, made)
    )


def replace_differing_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, load: int) -> RowChanges:
    """Compute the mart whole, and change only the rows that differ; `load` is the newest of its inputs."""
    input_views.bind_full_inputs(connection, mart)
    # Not `AS … LIMIT 0`: DuckDB 2.0.0 then finds no row in it until the transaction ends, where there are many.
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in mart.columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt ({columns})")
    connection.execute(f"INSERT INTO rebuilt BY NAME {mart.sql}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE outdated AS FROM {mart.table} EXCEPT FROM rebuilt;"
        f"CREATE OR REPLACE TEMP TABLE updated AS FROM rebuilt EXCEPT FROM {mart.table}"
    )
    tombstones.record(connection, mart, "outdated", load)
    same = " AND ".join(
        f"mart.{quoted(column)} IS NOT DISTINCT FROM outdated.{quoted(column)}" for column in mart.grain
    )
    ((deleted,),) = connection.execute(
        f"DELETE FROM {mart.storage_table} AS mart USING outdated WHERE {same}"
    ).fetchall()
    inserted = _insert(connection, mart, "FROM updated", load)
    months = _months(connection, mart, "outdated") | _months(connection, mart, "updated")
    return RowChanges(max(deleted, inserted), deleted, inserted, months if deleted or inserted else frozenset())


def _insert(connection: duckdb.DuckDBPyConnection, mart: Mart, select: str, load: int) -> int:
    beside = ", ".join(
        (
            f"{load} AS {WRITTEN_BY.name}",
            *(f"{lookup.expression} AS {lookup.name}" for lookup in mart.hash_columns),
        )
    )
    ((count,),) = connection.execute(
        f"INSERT INTO {mart.storage_table} BY NAME SELECT *, {beside} FROM ({select}\n)"
    ).fetchall()
    return int(count)


def _delete_leaving(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    ((count,),) = connection.execute(
        f"DELETE FROM {mart.storage_table} WHERE rowid IN (SELECT row_id FROM leaving)"
    ).fetchall()
    return int(count)


def _change_logs_of(mart: Mart) -> Sequence[Mart]:
    return [log for log in MARTS if log.change_log_of == mart.name]


def _snapshot_before(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> None:
    """Keep the rows that are about to change, for the marts that list the changes of this one."""
    if _change_logs_of(mart):
        columns = ", ".join(quoted(column.name) for column in mart.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(mart.name + '_before')} AS SELECT {columns} FROM {rows}"
        )


def _append_change_log(connection: duckdb.DuckDBPyConnection, mart: Mart, load: int) -> None:
    for log in _change_logs_of(mart):
        if not storage.exist(connection, log):
            storage.create(connection, log)
        connection.execute("SET VARIABLE newest_load_seq = ?", [load])
        input_views.bind_inputs(connection, log)
        if _insert(connection, log, log.sql, load):
            state.write_months(connection, log, {state.WHOLE_MART}, load)


def _replacement_select(mart: Mart, refresh_scope: RefreshScope) -> str:
    if not refresh_scope.filter_output:
        return mart.sql
    return f"FROM ({mart.sql}\n) SEMI JOIN {quoted(refresh_scope.mart.key_table)} USING ({', '.join(refresh_scope.mart.columns)})"


def _months(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> frozenset[date]:
    if mart.month_column is None:
        return frozenset({state.WHOLE_MART})
    found = connection.execute(
        f"SELECT DISTINCT date_trunc('month', {quoted(mart.month_column)})::DATE FROM {rows}"
    ).fetchall()
    return frozenset(month for (month,) in found)
