"""How a mart is kept up to date: what is pending in the change feed is applied, or it is rebuilt whole.

A run of a mart runs what it reads first. So after any run, for whatever partition, it equals its full rebuild from
staging as it stands. Each mart is one transaction: its rows, its `ops.mart_state` and its `ops.mart_month`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from cdp_etl.marts import cutting, state
from cdp_etl.marts.catalogue import MARTS, with_upstream
from cdp_etl.marts.mart import Mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.state import MartState
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.transaction import transaction

Rebuilt = Literal["new", "definition changed", "asked for"]


@dataclass(frozen=True, slots=True)
class MartResult:
    """How a run of a mart ended.

    Attributes:
        mart: Its name.
        load_seq: The newest load whose changes it holds now.
        touched: Slices that were made anew; 0 for a whole rebuild.
        rows_deleted: Rows taken out of the mart.
        rows_inserted: Rows put into it.
        row_count: Rows that it holds now.
        rebuilt: Why it was rebuilt whole; None where it was patched.
    """

    mart: str
    load_seq: int
    touched: int
    rows_deleted: int
    rows_inserted: int
    row_count: int
    rebuilt: Rebuilt | None

    @property
    def was_rebuilt(self) -> bool:
        """Whether it was rebuilt whole."""
        return self.rebuilt is not None


def run_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Bring one mart up to date, and before it what it reads.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    return run_marts(warehouse, settings, [mart])[-1]


def run_marts(warehouse: Warehouse, settings: MartSettings, marts: Iterable[Mart] = MARTS) -> Sequence[MartResult]:
    """Bring marts up to date, and before them what they read; the results are in order of dependency.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with warehouse.writing() as connection:
        return [keep(connection, mart, settings) for mart in with_upstream(marts)]


def rebuild_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Rebuild one mart whole, after bringing up to date what it reads; those behind it follow at their next run.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    *upstream, _ = with_upstream([mart])
    with warehouse.writing() as connection:
        for earlier in upstream:
            keep(connection, earlier, settings)
        return keep(connection, mart, settings, rebuild="asked for")


def rebuild_marts(warehouse: Warehouse, settings: MartSettings) -> Sequence[MartResult]:
    """Rebuild all marts whole.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with warehouse.writing() as connection:
        return [keep(connection, mart, settings, rebuild="asked for") for mart in MARTS]


def keep(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, rebuild: Rebuilt | None = None
) -> MartResult:
    """Bring one mart up to date with its inputs as they are, in one transaction."""
    with transaction(connection):
        cutting.set_variables(connection, mart, settings)
        definition = mart.definition_hash(settings)
        held = state.state_of(connection, mart)
        newest = state.newest_load(connection)
        if held is None:
            done, rebuild = _rebuild(connection, mart), rebuild or "new"
        elif rebuild or held.definition_hash != definition:
            done, rebuild = _rebuild(connection, mart), rebuild or "definition changed"
        else:
            done = _patch(connection, mart, held.load_seq)
        state.write_months(connection, mart, done.months, newest)
        state.write_state(connection, mart, MartState(newest, definition))
        state.forget_applied_changes(connection)
        ((row_count,),) = connection.execute(f"SELECT count(*) FROM {mart.table}").fetchall()
    return MartResult(mart.name, newest, done.touched, done.deleted, done.inserted, row_count, rebuild)


@dataclass(frozen=True, slots=True)
class _Done:
    touched: int = 0
    deleted: int = 0
    inserted: int = 0
    months: frozenset[date] = frozenset()


def _patch(connection: duckdb.DuckDBPyConnection, mart: Mart, since: int) -> _Done:
    touched = cutting.find_touched(connection, mart, since)
    if not touched:
        return _Done()
    months = cutting.touched_months(connection, mart)
    deleted = cutting.delete_touched(connection, mart)
    cutting.show_touched(connection, mart)
    inserted = _insert(connection, mart)
    return _Done(touched, deleted, inserted, months | cutting.touched_months(connection, mart))


def _rebuild(connection: duckdb.DuckDBPyConnection, mart: Mart) -> _Done:
    exists = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = ?"
        " AND database_name = current_database()",
        [mart.name],
    ).fetchone() != (0,)
    months: frozenset[date] = frozenset()
    deleted = 0
    if exists:
        months = frozenset(state.months_of(connection, mart))
        ((deleted,),) = connection.execute(f"SELECT count(*) FROM {mart.table}").fetchall()
        connection.execute(f"DROP TABLE {mart.table}")
    for statement in mart.create_statements():
        connection.execute(statement)
    for name in mart.inputs:
        cutting.show_whole(connection, name)
    inserted = _insert(connection, mart)
    state.begin_generation(connection, mart)
    return _Done(0, deleted, inserted, months | cutting.all_months(connection, mart))


def _insert(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    ((count,),) = connection.execute(f"INSERT INTO {mart.table} BY NAME {mart.sql}").fetchall()
    return int(count)
