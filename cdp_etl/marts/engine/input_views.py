"""How a mart's SELECT is given its inputs: whole, or cut to the slices that a change touches.

The SELECT reads unqualified names; here they become temporary views over staging and the marts. So one SELECT
serves the full rebuild and every patch.
"""

from collections.abc import Iterator, Mapping

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.key_lookup import lookup_rows
from cdp_etl.marts.engine.mart import KeyFilter, Mart, RefreshScope
from cdp_etl.marts.registry import mart_named
from cdp_etl.marts.settings import MartSettings

_ENTITY_OF_VIEW = {name: entity.table for entity in ENTITIES for name in (entity.table, f"{entity.table}_current")}
"""How an input of staging is called: as the table for all versions, `<table>_current` for the records now."""

_DAY = "activity_date"

_ROWS_AT_ONCE = 8_000_000
"""Of the largest input in one part of a full rebuild: grouped by nearly unique keys they take about 3 GiB."""


def set_variables(connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings) -> None:
    """Give the SELECT the settings that it reads by `getvariable`; a mapping becomes a MAP."""
    for name in mart.settings:
        value = settings.value(name)
        if isinstance(value, Mapping):
            connection.execute(f"SET VARIABLE {quoted(name)} = MAP(?, ?)", [list(value), list(value.values())])
        else:
            connection.execute(f"SET VARIABLE {quoted(name)} = ?", [value])


def bind_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Give the SELECT its inputs as they are."""
    for name in mart.inputs:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {_source(name)}")


def bind_full_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Give the SELECT its inputs as they are, and what is made from them."""
    bind_inputs(connection, mart)
    for name, made in mart.intermediate_tables.items():
        _make(connection, name, made.full_sql)
        if made.compute:
            made.compute(connection)


def bind_chunked_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Iterator[None]:
    """Give the SELECT its inputs part by part; what it gives for all parts together is the whole mart."""
    bind_full_inputs(connection, mart)
    chunk_by = mart.refresh_scope.chunk_by if mart.refresh_scope else ()
    if mart.refresh_scope is None or not chunk_by:
        yield
        return
    parted = [name for name, cut in mart.refresh_scope.inputs.items() if set(chunk_by) <= set(cut.columns)]
    for condition in _parts(connection, mart, chunk_by):
        for name in parted:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {_source(name)} WHERE {condition}"
            )
        yield


def _parts(connection: duckdb.DuckDBPyConnection, mart: Mart, chunk_by: tuple[str, ...]) -> Iterator[str]:
    """Give the condition of each part: days in order, since they lie together, else a hash of the columns."""
    if chunk_by == (_DAY,):
        days = connection.execute(
            f"SELECT {_DAY}, count(*) FROM interaction GROUP BY {_DAY} ORDER BY {_DAY}"
        ).fetchall()
        first, rows = None, 0
        for day, count in days:
            first, rows = first or day, rows + count
            if rows >= _ROWS_AT_ONCE or day == days[-1][0]:
                yield f"{_DAY} BETWEEN DATE {literal(str(first))} AND DATE {literal(str(day))}"
                first, rows = None, 0
        return
    largest = max(
        connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()[0][0] for name in mart.inputs
    )
    parts = -(-largest // _ROWS_AT_ONCE) or 1
    for number in range(parts):
        yield f"hash({', '.join(chunk_by)}) % {parts} = {number}"


def find_affected_keys(
    connection: duckdb.DuckDBPyConnection, mart: Mart, refresh_scope: RefreshScope, since: int
) -> int:
    """Make the temporary tables of affected slices, and give how many slices of the mart there are.

    Args:
        connection: In the transaction of the run.
        mart: Whose slices.
        slices: They.
        since: The newest load that the mart has applied.
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW pending AS FROM ops.change_feed WHERE load_seq > {since}")
    connection.execute("SET VARIABLE applied_load_seq = ?", [since])
    bind_inputs(connection, mart)
    for name, select in refresh_scope.tables.items():
        _make(connection, name, select)
    ((count,),) = connection.execute(f"SELECT count(*) FROM {quoted(refresh_scope.mart.key_table)}").fetchall()
    return int(count)


def bind_filtered_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart, refresh_scope: RefreshScope) -> None:
    """Give the SELECT only those rows of its inputs that belong to the affected slices."""
    for name, cut in refresh_scope.inputs.items():
        rows = _records_of(connection, name, cut) if name in _ENTITY_OF_VIEW else _seen_of(connection, name, cut)
        if cut.materialize:
            _make(connection, f"sought_{name}", rows)
            rows = f"FROM {quoted(f'sought_{name}')}"
        beside = f" UNION ALL BY NAME FROM {quoted(cut.extra_rows)}" if cut.extra_rows else ""
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {rows}{beside}")
    for name, made in mart.intermediate_tables.items():
        _make(connection, name, made.incremental_sql)
        if made.compute:
            made.compute(connection)


def affected_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, cut: KeyFilter) -> str:
    """Give the SELECT, in parentheses, of what is kept of the affected rows of a mart, and their `row_id`."""
    days = _within_days(connection, cut, "candidate")
    return lookup_rows(
        mart.name,
        quoted(cut.key_table),
        cut.columns,
        mart.hash_for(cut.columns),
        where=days,
        row_id_chunks=mart.row_id_chunks,
    )


def _within_days(connection: duckdb.DuckDBPyConnection, cut: KeyFilter, table: str) -> str:
    """Bound the days of affected rows, as literals: DuckDB then skips the row groups of all other days unread."""
    if cut.date_range is None and _DAY not in cut.columns:
        return "true"
    bounds = f"min({_DAY}), max({_DAY}) FROM {quoted(cut.key_table)}"
    if cut.date_range:
        bounds = f"first_day, last_day FROM {quoted(cut.date_range)}"
    ((first, last),) = connection.execute(f"SELECT {bounds}").fetchall()
    if first is None:
        return "false"
    return f"{table}.{_DAY} BETWEEN DATE {literal(str(first))} AND DATE {literal(str(last))}"


def _seen_of(connection: duckdb.DuckDBPyConnection, name: str, cut: KeyFilter) -> str:
    """Give the SELECT of the affected rows of a mart that another one reads."""
    mart = mart_named(name)
    columns = ", ".join(quoted(column.name) for column in mart.stored_columns)
    return f"SELECT {columns} FROM {affected_rows(connection, mart, cut)}"


def _records_of(connection: duckdb.DuckDBPyConnection, name: str, cut: KeyFilter) -> str:
    """Give the SELECT of the affected records of an entity."""
    return (
        f"SELECT source.* FROM {_source(name)} AS source"
        f" SEMI JOIN {_touched(cut, name)} AS affected USING ({', '.join(_columns(cut, name))})"
        f" WHERE {_within_days(connection, cut, 'source')}"
    )


def _make(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {select}")


def _source(name: str) -> str:
    return f"{'staging' if name in _ENTITY_OF_VIEW else 'marts'}.{quoted(name)}"


def _touched(cut: KeyFilter, name: str) -> str:
    """Only the affected keys of the input's own entity count: two entities may have the same key."""
    entity = _ENTITY_OF_VIEW.get(name)
    if entity is None or "entity" not in cut.columns:
        return quoted(cut.key_table)
    return f"(SELECT * EXCLUDE (entity) FROM {quoted(cut.key_table)} WHERE entity = {literal(entity)})"


def _columns(cut: KeyFilter, name: str) -> tuple[str, ...]:
    return tuple(column for column in cut.columns if name not in _ENTITY_OF_VIEW or column != "entity")
