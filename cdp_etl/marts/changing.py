"""The three ways in which the rows of a mart change: rebuilt whole, patched by slices, or by what differs.

Each gives the same rows in the end. Put here the statements; when which is due stands in `keeping.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.contract.ddl import quoted
from cdp_etl.marts import cutting, state, tally
from cdp_etl.marts.catalogue import MARTS
from cdp_etl.marts.mart import Mart, Slice, Slices


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a mart.

    Attributes:
        touched: Slices that were made anew; 0 for a whole rebuild.
        deleted: Rows taken out.
        inserted: Rows put in.
        months: Months that may have changed.
    """

    touched: int = 0
    deleted: int = 0
    inserted: int = 0
    months: frozenset[date] = frozenset()


def rebuild(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Change:
    """Make the mart's table anew, from all of its inputs."""
    if not exists(connection, mart):
        create(connection, mart)
    months = frozenset(state.months_of(connection, mart))
    ((deleted,),) = connection.execute(f"SELECT count(*) FROM {mart.table}").fetchall()
    _remember(connection, mart, mart.table)
    connection.execute(f"DROP TABLE {mart.table}")
    create(connection, mart)
    inserted = sum(_insert(connection, mart.table, mart.sql) for _ in cutting.show_parts(connection, mart))
    _log(connection, mart)
    state.begin_generation(connection, mart)
    return Change(0, deleted, inserted, months | _months(connection, mart, mart.table))


def patch(connection: duckdb.DuckDBPyConnection, mart: Mart, slices: Slices, since: int) -> Change:
    """Make the touched slices anew, those of every load after `since`."""
    touched = cutting.find_touched(connection, mart, slices, since)
    tally.begin(connection, mart)
    if not touched:
        return Change()
    months = _touched_months(connection, mart, slices.mart)
    _remember(connection, mart, _touched_rows(mart, slices.mart))
    tally.find_leaving(connection, mart, slices.mart)
    deleted = _delete_leaving(connection, mart)
    cutting.show_touched(connection, mart, slices)
    inserted = _insert(connection, mart.table, mart.sql)
    tally.count_entered(connection, mart, slices.mart)
    _log(connection, mart)
    return Change(touched, deleted, inserted, months | _touched_months(connection, mart, slices.mart))


def apply_difference(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Change:
    """Compute the mart whole, and change only the rows that differ."""
    cutting.show_whole(connection, mart)
    # Not `AS … LIMIT 0`: DuckDB 2.0.0 then finds no row in it until the transaction ends, where there are many.
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in mart.columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rebuilt ({columns})")
    _insert(connection, "rebuilt", mart.sql)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE outdated AS FROM {mart.table} EXCEPT FROM rebuilt;"
        f"CREATE OR REPLACE TEMP TABLE updated AS FROM rebuilt EXCEPT FROM {mart.table}"
    )
    same = " AND ".join(
        f"mart.{quoted(column)} IS NOT DISTINCT FROM outdated.{quoted(column)}" for column in mart.grain
    )
    ((deleted,),) = connection.execute(f"DELETE FROM {mart.table} AS mart USING outdated WHERE {same}").fetchall()
    inserted = _insert(connection, mart.table, "FROM updated")
    months = _months(connection, mart, "outdated") | _months(connection, mart, "updated")
    return Change(max(deleted, inserted), deleted, inserted, months if deleted or inserted else frozenset())


def exists(connection: duckdb.DuckDBPyConnection, mart: Mart) -> bool:
    """Tell whether the mart's table is there."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = ?"
        " AND database_name = current_database()",
        [mart.name],
    ).fetchone()
    return found != (0,)


def create(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Make the mart's table, with comments."""
    for statement in mart.create_statements():
        connection.execute(statement)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, select: str) -> int:
    ((count,),) = connection.execute(f"INSERT INTO {table} BY NAME {select}").fetchall()
    return int(count)


def _delete_leaving(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    ((count,),) = connection.execute(
        f"DELETE FROM {mart.table} WHERE rowid IN (SELECT row_id FROM leaving)"
    ).fetchall()
    return int(count)


def _logs_of(mart: Mart) -> Sequence[Mart]:
    return [log for log in MARTS if log.log_of == mart.name]


def _remember(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> None:
    """Keep the rows that are about to change, for the marts that list the changes of this one."""
    if _logs_of(mart):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(mart.name + '_before')} AS FROM {rows}")


def _log(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    for log in _logs_of(mart):
        if not exists(connection, log):
            create(connection, log)
        newest = state.newest_load(connection)
        connection.execute("SET VARIABLE newest_load_seq = ?", [newest])
        cutting.show_inputs(connection, log)
        if _insert(connection, log.table, log.sql):
            state.write_months(connection, log, {state.WHOLE_MART}, newest)


def _touched_rows(mart: Mart, cut: Slice) -> str:
    return f"{mart.table} SEMI JOIN {quoted(cut.touched)} USING ({', '.join(cut.columns)})"


def _touched_months(connection: duckdb.DuckDBPyConnection, mart: Mart, cut: Slice) -> frozenset[date]:
    """Give the months that the touched slices name, else those of their rows: before and after they change."""
    rows = quoted(cut.touched) if mart.month_column in cut.columns else _touched_rows(mart, cut)
    return _months(connection, mart, rows)


def _months(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> frozenset[date]:
    if mart.month_column is None:
        return frozenset({state.WHOLE_MART})
    found = connection.execute(
        f"SELECT DISTINCT date_trunc('month', {quoted(mart.month_column)})::DATE FROM {rows}"
    ).fetchall()
    return frozenset(month for (month,) in found)
