"""Inputs of a mart's SELECT: temporary views with the names that it reads, complete or filtered.

The same SELECT thus serves the full rebuild and every incremental refresh.
"""

from collections.abc import Iterator, Mapping

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.graph import MartGraph
from cdp_etl.marts.engine.key_lookup import lookup_rows
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import IntermediateTable, KeyFilter, RefreshScope
from cdp_etl.marts.settings import MartSettings

_ENTITY_OF_INPUT = {
    name: entity.table for entity in ENTITIES for name in (entity.table, f"{entity.table}_current")
}
"""Entity of each input from staging; `<table>` has all versions, `<table>_current` the current records."""

STAGING_INPUTS = frozenset({*_ENTITY_OF_INPUT, "consent_statement"})
"""Inputs that are tables or views of schema `staging`; all others are marts."""

_DAY = "activity_date"

MAX_CHUNK_ROWS = 8_000_000
"""Rows of the largest input in a chunk of a full rebuild; grouped by nearly unique keys they take about 3 GiB."""


def bind_settings(connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings) -> None:
    """Set the variables that the SELECT reads with `getvariable`; a mapping becomes a MAP."""
    for name in mart.settings:
        value = settings.value(name)
        if isinstance(value, Mapping):
            connection.execute(f"SET VARIABLE {quoted(name)} = MAP(?, ?)", [list(value), list(value.values())])
        else:
            connection.execute(f"SET VARIABLE {quoted(name)} = ?", [value])


def drop_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the views that the run of another mart left: a SELECT reads only the inputs of its own header."""
    views = connection.execute("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal").fetchall()
    for (name,) in views:
        connection.execute(f"DROP VIEW temp.{quoted(name)}")


def bind_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Bind the inputs to all of their rows."""
    for name in mart.inputs:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {_source(name)}")


def bind_full_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Bind the inputs to all of their rows, and compute the intermediate tables from them."""
    bind_inputs(connection, mart)
    for name, table in mart.intermediate_tables.items():
        _compute(connection, name, table, table.full_sql)


def bind_chunked_inputs(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Iterator[None]:
    """Bind the inputs chunk by chunk; the results of the SELECT for all chunks together are the whole mart."""
    bind_full_inputs(connection, mart)
    scope = mart.refresh_scope
    if scope is None or not scope.chunk_by:
        yield
        return
    chunked = [name for name, filter_ in scope.inputs.items() if set(scope.chunk_by) <= set(filter_.columns)]
    for condition in _chunk_conditions(connection, mart, scope.chunk_by):
        for name in chunked:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {_source(name)} WHERE {condition}"
            )
        yield


def _chunk_conditions(
    connection: duckdb.DuckDBPyConnection, mart: Mart, chunk_by: tuple[str, ...]
) -> Iterator[str]:
    """Yield the condition of each chunk: ranges of days, whose rows are stored together, else a hash."""
    if chunk_by == (_DAY,):
        days = connection.execute(
            f"SELECT {_DAY}, count(*) FROM interaction GROUP BY {_DAY} ORDER BY {_DAY}"
        ).fetchall()
        first, rows = None, 0
        for day, count in days:
            first, rows = first or day, rows + count
            if rows >= MAX_CHUNK_ROWS or day == days[-1][0]:
                yield f"{_DAY} BETWEEN DATE {literal(str(first))} AND DATE {literal(str(day))}"
                first, rows = None, 0
        return
    largest = max(
        connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()[0][0] for name in mart.inputs
    )
    chunks = -(-largest // MAX_CHUNK_ROWS) or 1
    for number in range(chunks):
        yield f"hash({', '.join(chunk_by)}) % {chunks} = {number}"


def find_affected_keys(connection: duckdb.DuckDBPyConnection, mart: Mart, scope: RefreshScope, since: int) -> int:
    """Create the temporary tables of the refresh scope, and return the number of affected keys of the mart.

    Args:
        connection: Connection in the transaction of the run.
        mart: The mart.
        scope: Its refresh scope.
        since: Newest load that the mart has applied.
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW pending AS FROM ops.change_feed WHERE load_seq > {since}")
    connection.execute("SET VARIABLE applied_load_seq = ?", [since])
    bind_inputs(connection, mart)
    for name, select in scope.tables.items():
        _create_table(connection, name, select)
    ((count,),) = connection.execute(f"SELECT count(*) FROM {quoted(scope.mart.key_table)}").fetchall()
    return int(count)


def bind_filtered_inputs(
    connection: duckdb.DuckDBPyConnection, graph: MartGraph, mart: Mart, scope: RefreshScope
) -> None:
    """Bind the inputs to the rows that pass the filters of the scope, and compute the intermediate tables."""
    for name, key_filter in scope.inputs.items():
        if name in STAGING_INPUTS:
            rows = _filtered_records(connection, name, key_filter)
        else:
            rows = _filtered_mart(connection, graph.mart_named(name), key_filter)
        if key_filter.materialize:
            _create_table(connection, f"filtered_{name}", rows)
            rows = f"FROM {quoted(f'filtered_{name}')}"
        extra = f" UNION ALL BY NAME FROM {quoted(key_filter.extra_rows)}" if key_filter.extra_rows else ""
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {rows}{extra}")
    for name, table in mart.intermediate_tables.items():
        _compute(connection, name, table, table.incremental_sql)


def affected_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, key_filter: KeyFilter) -> str:
    """Return the SELECT, in parentheses, of the stored rows of a mart that pass a filter, with their `row_id`."""
    return lookup_rows(
        mart.name,
        quoted(key_filter.key_table),
        key_filter.columns,
        mart.hash_for(key_filter.columns),
        where=_day_condition(connection, key_filter, "candidate"),
        row_id_chunks=mart.row_id_chunks,
    )


def _day_condition(connection: duckdb.DuckDBPyConnection, key_filter: KeyFilter, table: str) -> str:
    """Return a bound on the days of the affected rows, as literals, so that DuckDB skips all other row groups."""
    if key_filter.date_range is None and _DAY not in key_filter.columns:
        return "true"
    bounds = f"min({_DAY}), max({_DAY}) FROM {quoted(key_filter.key_table)}"
    if key_filter.date_range:
        bounds = f"first_day, last_day FROM {quoted(key_filter.date_range)}"
    ((first, last),) = connection.execute(f"SELECT {bounds}").fetchall()
    if first is None:
        return "false"
    return f"{table}.{_DAY} BETWEEN DATE {literal(str(first))} AND DATE {literal(str(last))}"


def _filtered_mart(connection: duckdb.DuckDBPyConnection, mart: Mart, key_filter: KeyFilter) -> str:
    columns = ", ".join(quoted(column.name) for column in mart.stored_columns)
    return f"SELECT {columns} FROM {affected_rows(connection, mart, key_filter)}"


def _filtered_records(connection: duckdb.DuckDBPyConnection, name: str, key_filter: KeyFilter) -> str:
    """Return the SELECT of the records of an entity that pass a filter.

    Two entities may have the same key, so only the keys of the input's own entity count.
    """
    keys = quoted(key_filter.key_table)
    if "entity" in key_filter.columns:
        keys = f"(SELECT * EXCLUDE (entity) FROM {keys} WHERE entity = {literal(_ENTITY_OF_INPUT[name])})"
    columns = ", ".join(column for column in key_filter.columns if column != "entity")
    return (
        f"SELECT source.* FROM {_source(name)} AS source SEMI JOIN {keys} AS affected USING ({columns})"
        f" WHERE {_day_condition(connection, key_filter, 'source')}"
    )


def _compute(connection: duckdb.DuckDBPyConnection, name: str, table: IntermediateTable, select: str) -> None:
    _create_table(connection, name, select)
    if table.compute:
        table.compute(connection)


def _create_table(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {select}")


def _source(name: str) -> str:
    return f"{'staging' if name in STAGING_INPUTS else 'marts'}.{quoted(name)}"
