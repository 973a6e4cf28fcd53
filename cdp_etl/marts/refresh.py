"""How a mart is kept up to date: what is pending in the change feed is applied, or it is rebuilt whole.

A run of a mart runs what it reads first. So after any run, for whatever partition, it equals its full rebuild from
staging as it stands. Each mart is one transaction: its rows, its `ops.mart_state` and its `ops.mart_partition`. It is
committed only if the checks of the mart hold; else it is undone, and what the mart stands on is made anew by the
next run.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import duckdb

from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.checks.model import CheckResult
from cdp_etl.marts.engine import apply, input_views, state, tombstones
from cdp_etl.marts.engine.apply import RowChanges
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.state import MartState
from cdp_etl.marts.errors import MartCheckError
from cdp_etl.marts.registry import MARTS, with_upstream
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.sql import transaction

RebuildReason = Literal["new", "definition changed", "a check did not hold", "asked for"]


@dataclass(frozen=True, slots=True)
class MartResult:
    """How a run of a mart ended.

    Attributes:
        mart: Its name.
        load_seq: The newest load whose changes it holds now.
        affected: Slices that were made anew; 0 for a whole rebuild.
        rows_deleted: Rows taken out of the mart.
        rows_inserted: Rows put into it.
        row_count: Rows that it holds now.
        rebuilt: Why it was rebuilt whole; None where it was patched.
        checks: How its checks came out; none where nothing was pending. All of them hold.
        seconds: How long it took, opening the warehouse not counted.
    """

    mart: str
    load_seq: int
    affected_keys: int
    rows_deleted: int
    rows_inserted: int
    row_count: int
    rebuilt: RebuildReason | None
    checks: Sequence[CheckResult]
    seconds: float

    @property
    def was_rebuilt(self) -> bool:
        """Whether it was rebuilt whole."""
        return self.rebuilt is not None


def refresh_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Bring one mart up to date, and before it what it reads.

    Raises:
        MartCheckError: where a check of one of them does not hold; its run is undone.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    return refresh_marts(warehouse, settings, [mart])[-1]


def refresh_marts(
    warehouse: Warehouse, settings: MartSettings, marts: Iterable[Mart] = MARTS
) -> Sequence[MartResult]:
    """Bring marts up to date, and before them what they read; the results are in order of dependency.

    Raises:
        MartCheckError: where a check of one of them does not hold; its run is undone.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with _opened(warehouse) as connection:
        return [refresh(connection, mart, settings) for mart in with_upstream(marts)]


def rebuild_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Rebuild one mart whole, after bringing up to date what it reads; those behind it follow at their next run.

    Raises:
        MartCheckError: where a check of one of them does not hold; its run is undone.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    *upstream, _ = with_upstream([mart])
    with _opened(warehouse) as connection:
        for earlier in upstream:
            refresh(connection, earlier, settings)
        return refresh(connection, mart, settings, rebuild="asked for")


def rebuild_marts(warehouse: Warehouse, settings: MartSettings) -> Sequence[MartResult]:
    """Rebuild all marts whole.

    Raises:
        MartCheckError: where a check of one of them does not hold; its run is undone.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with _opened(warehouse) as connection:
        return [refresh(connection, mart, settings, rebuild="asked for") for mart in MARTS]


def check_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> Sequence[CheckResult]:
    """Check all rows of one mart, brought up to date first: against what it is made from, and its full rebuild.

    It is as dear as a rebuild. A mart that a check contradicts is made anew by its next run, which is before
    anything is published.

    Raises:
        MartCheckError: where it could not be brought up to date.
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    with _opened(warehouse) as connection:
        for earlier in with_upstream([mart]):
            refresh(connection, earlier, settings)
        results = [*run.check_all_rows(connection, mart), check_matches_full_rebuild(connection, mart, settings)]
        if not all(result.passed for result in results):
            with transaction(connection):
                state.mark_failed_checks(connection, [mart])
    return results


@contextmanager
def _opened(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.writing() as connection:
        # No mart has an order of rows; to keep one would cost memory.
        connection.execute("SET preserve_insertion_order = false")
        yield connection


def refresh(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, rebuild: RebuildReason | None = None
) -> MartResult:
    """Bring one mart up to date with its inputs as they are, in one transaction.

    Raises:
        MartCheckError: where a check does not hold of what the run made; the run is undone.
    """
    try:
        with transaction(connection):
            return _refresh(connection, mart, settings, rebuild)
    except MartCheckError:
        with transaction(connection):
            state.mark_failed_checks(connection, with_upstream([mart]))
        raise


def _refresh(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, rebuild: RebuildReason | None
) -> MartResult:
    began = time.perf_counter()
    input_views.set_variables(connection, mart, settings)
    definition = mart.definition_hash(settings)
    held = state.state_of(connection, mart)
    newest = state.newest_load(connection)
    why = None if mart.change_log_of else rebuild or _rebuild_reason(held, definition)
    change = RowChanges()
    checks: Sequence[CheckResult] = ()
    if why:
        change = apply.rebuild(connection, mart, newest)
        checks = run.check_rebuilt(connection, mart)
    elif mart.change_log_of is None and held and held.load_seq < newest:
        change, checks = _apply(connection, mart, held.load_seq, newest)
    if not all(check.passed for check in checks):
        raise MartCheckError(mart.name, checks)
    tombstones.compact(connection, mart)
    state.write_months(connection, mart, change.months, newest)
    state.write_state(connection, mart, MartState(newest, definition))
    state.forget_applied_changes(connection)
    ((row_count,),) = connection.execute(f"SELECT count(*) FROM {mart.storage_table}").fetchall()
    return MartResult(
        mart=mart.name,
        load_seq=newest,
        affected_keys=change.affected_keys,
        rows_deleted=change.deleted,
        rows_inserted=change.inserted,
        row_count=row_count,
        rebuilt=why,
        checks=checks,
        seconds=time.perf_counter() - began,
    )


def _apply(
    connection: duckdb.DuckDBPyConnection, mart: Mart, since: int, newest: int
) -> tuple[RowChanges, Sequence[CheckResult]]:
    """Apply what is pending, and check what it affected; a mart that is computed whole is checked whole."""
    if mart.refresh_scope is None:
        return apply.replace_differing_rows(connection, mart, newest), run.check_all_rows(connection, mart)
    change = apply.recompute_affected(connection, mart, mart.refresh_scope, since, newest)
    return change, run.check_affected(connection, mart)


def _rebuild_reason(held: MartState | None, definition: str) -> RebuildReason | None:
    if held is None:
        return "new"
    if held.definition_hash == state.CHECK_FAILED:
        return "a check did not hold"
    return None if held.definition_hash == definition else "definition changed"
