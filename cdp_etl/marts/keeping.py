"""How a mart is kept up to date: what is pending in the change feed is applied, or it is rebuilt whole.

A run of a mart runs what it reads first. So after any run, for whatever partition, it equals its full rebuild from
staging as it stands. Each mart is one transaction: its rows, its `ops.mart_state` and its `ops.mart_month`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import duckdb

from cdp_etl.marts import changing, cutting, state
from cdp_etl.marts.catalogue import MARTS, with_upstream
from cdp_etl.marts.changing import Change
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
        seconds: How long it took, opening the warehouse not counted.
    """

    mart: str
    load_seq: int
    touched: int
    rows_deleted: int
    rows_inserted: int
    row_count: int
    rebuilt: Rebuilt | None
    seconds: float

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
    with _opened(warehouse) as connection:
        return [keep(connection, mart, settings) for mart in with_upstream(marts)]


def rebuild_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Rebuild one mart whole, after bringing up to date what it reads; those behind it follow at their next run.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    *upstream, _ = with_upstream([mart])
    with _opened(warehouse) as connection:
        for earlier in upstream:
            keep(connection, earlier, settings)
        return keep(connection, mart, settings, rebuild="asked for")


def rebuild_marts(warehouse: Warehouse, settings: MartSettings) -> Sequence[MartResult]:
    """Rebuild all marts whole.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with _opened(warehouse) as connection:
        return [keep(connection, mart, settings, rebuild="asked for") for mart in MARTS]


@contextmanager
def _opened(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.writing() as connection:
        # No mart has an order of rows; to keep one would cost memory.
        connection.execute("SET preserve_insertion_order = false")
        yield connection


def keep(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, rebuild: Rebuilt | None = None
) -> MartResult:
    """Bring one mart up to date with its inputs as they are, in one transaction."""
    began = time.perf_counter()
    with transaction(connection):
        cutting.set_variables(connection, mart, settings)
        definition = mart.definition_hash(settings)
        held = state.state_of(connection, mart)
        newest = state.newest_load(connection)
        if mart.log_of is not None:
            change, rebuild = Change(), None
        elif held is None:
            change, rebuild = changing.rebuild(connection, mart), rebuild or "new"
        elif rebuild or held.definition_hash != definition:
            change, rebuild = changing.rebuild(connection, mart), rebuild or "definition changed"
        elif mart.slices is None:
            change = changing.apply_difference(connection, mart) if held.load_seq < newest else Change()
        else:
            change = changing.patch(connection, mart, mart.slices, held.load_seq)
        state.write_months(connection, mart, change.months, newest)
        state.write_state(connection, mart, MartState(newest, definition))
        state.forget_applied_changes(connection)
        ((row_count,),) = connection.execute(f"SELECT count(*) FROM {mart.table}").fetchall()
    return MartResult(
        mart=mart.name,
        load_seq=newest,
        touched=change.touched,
        rows_deleted=change.deleted,
        rows_inserted=change.inserted,
        row_count=row_count,
        rebuilt=rebuild,
        seconds=time.perf_counter() - began,
    )
