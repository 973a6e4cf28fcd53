"""How a mart's SELECT is given its inputs: whole, or cut to the slices that a change touches.

The SELECT reads unqualified names; here they become temporary views over staging and the marts. So one SELECT
serves the full rebuild and every patch.
"""

from datetime import date

import duckdb

from cdp_etl.contract.ddl import literal, quoted
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.mart import Mart, Slice
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.state import WHOLE_MART

_ENTITY_OF_VIEW = {f"{entity.table}_current": entity.table for entity in ENTITIES}
_DAY = "activity_date"


def set_variables(connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings) -> None:
    """Give the SELECT the settings that it reads by `getvariable`."""
    for name in mart.settings:
        connection.execute(f"SET VARIABLE {quoted(name)} = ?", [settings.value(name)])


def find_touched(connection: duckdb.DuckDBPyConnection, mart: Mart, since: int) -> int:
    """Make the temporary tables of touched slices, and give how many slices of the mart there are.

    Args:
        connection: In the transaction of the run.
        mart: Whose slices.
        since: The newest load that it has applied.
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW pending AS FROM ops.change WHERE load_seq > {since}")
    connection.execute("SET VARIABLE applied_load_seq = ?", [since])
    for name in mart.inputs:
        show_whole(connection, name)
    for name, select in mart.slices.tables.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {select}")
    ((count,),) = connection.execute(f"SELECT count(*) FROM {quoted(mart.slices.mart.touched)}").fetchall()
    return int(count)


def show_whole(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Give an input to the SELECT as it is."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {_source(name)}")


def show_touched(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Give the SELECT only those rows of its inputs that belong to the touched slices."""
    for name in mart.inputs:
        cut = mart.slices.inputs.get(name)
        if cut is not None:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS SELECT source.* FROM {_source(name)} AS source"
                f" SEMI JOIN {_touched(cut, name)} AS touched USING ({', '.join(_columns(cut, name))})"
                f" WHERE {_within_days(connection, cut, 'source')}"
            )


def delete_touched(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    """Delete the touched rows of the mart, and give how many there were."""
    cut = mart.slices.mart
    same = " AND ".join(f"mart.{quoted(column)} = touched.{quoted(column)}" for column in cut.columns)
    ((count,),) = connection.execute(
        f"DELETE FROM {mart.table} AS mart USING {quoted(cut.touched)} AS touched"
        f" WHERE {same} AND {_within_days(connection, cut, 'mart')}"
    ).fetchall()
    return int(count)


def touched_months(connection: duckdb.DuckDBPyConnection, mart: Mart) -> frozenset[date]:
    """Give the months of the touched slices: those that they name, else those of their rows in the mart.

    Call it before the rows are deleted, and after their successors are inserted.
    """
    cut = mart.slices.mart
    if mart.month_column in cut.columns:
        return _months(connection, mart, quoted(cut.touched))
    return _months(
        connection, mart, f"{mart.table} SEMI JOIN {quoted(cut.touched)} USING ({', '.join(cut.columns)})"
    )


def all_months(connection: duckdb.DuckDBPyConnection, mart: Mart) -> frozenset[date]:
    """Give the months of all rows of the mart."""
    return _months(connection, mart, mart.table)


def _months(connection: duckdb.DuckDBPyConnection, mart: Mart, rows: str) -> frozenset[date]:
    if mart.month_column is None:
        return frozenset({WHOLE_MART})
    found = connection.execute(
        f"SELECT DISTINCT date_trunc('month', {quoted(mart.month_column)})::DATE FROM {rows}"
    ).fetchall()
    return frozenset(month for (month,) in found)


def _source(name: str) -> str:
    return f"{'staging' if name in _ENTITY_OF_VIEW else 'marts'}.{quoted(name)}"


def _touched(cut: Slice, name: str) -> str:
    """Only the touched keys of the input's own entity count: two entities may have the same key."""
    entity = _ENTITY_OF_VIEW.get(name)
    if entity is None or "entity" not in cut.columns:
        return quoted(cut.touched)
    return f"(SELECT * EXCLUDE (entity) FROM {quoted(cut.touched)} WHERE entity = {literal(entity)})"


def _columns(cut: Slice, name: str) -> tuple[str, ...]:
    return tuple(column for column in cut.columns if name not in _ENTITY_OF_VIEW or column != "entity")


def _within_days(connection: duckdb.DuckDBPyConnection, cut: Slice, table: str) -> str:
    """Bound the days, as literals: DuckDB then skips the row groups of all other days unread."""
    if _DAY not in cut.columns:
        return "true"
    ((first, last),) = connection.execute(f"SELECT min({_DAY}), max({_DAY}) FROM {quoted(cut.touched)}").fetchall()
    if first is None:
        return "false"
    return f"{table}.{_DAY} BETWEEN DATE {literal(str(first))} AND DATE {literal(str(last))}"
