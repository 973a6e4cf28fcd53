"""Refresh of marts: apply the pending changes of the feed, or rebuild in full.

A mart's upstream marts are refreshed first. So after any run, whatever its dates, a mart equals its full
rebuild from staging. Each mart has one transaction with its rows, its `ops.mart_state` and its
`ops.mart_partition`. If a check fails, the transaction is rolled back, and the mart and its upstream marts are
marked for a rebuild.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import duckdb

from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.model import CheckResult, MartCheckError
from cdp_etl.marts.engine import apply, input_views, state, storage, tombstones
from cdp_etl.marts.engine.apply import RowChanges
from cdp_etl.marts.engine.functions import create_functions
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.state import MartState
from cdp_etl.marts.errors import MartInputMissingError
from cdp_etl.marts.registry import GRAPH, MARTS, with_upstream
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.sql import transaction

_MISSING_TABLE = re.compile(r"Catalog Error: Table with name (\w+) does not exist")
"""Begin of DuckDB's message, with the name as the SQL spells it."""

RebuildReason = Literal["missing", "definition changed", "check failed", "requested"]


@dataclass(frozen=True, slots=True)
class MartResult:
    """Result of one run of a mart.

    Attributes:
        mart: Name of the mart.
        load_seq: Newest load that the mart has applied.
        affected_keys: Number of recomputed keys; 0 for a full rebuild.
        rows_deleted: Number of deleted rows.
        rows_inserted: Number of inserted rows.
        row_count: Number of rows after the run.
        rebuild_reason: Reason for a full rebuild; None if there was none.
        checks: Results of the checks, all passed; empty if nothing was pending.
        seconds: Duration, without opening the warehouse.
    """

    mart: str
    load_seq: int
    affected_keys: int
    rows_deleted: int
    rows_inserted: int
    row_count: int
    rebuild_reason: RebuildReason | None
    checks: Sequence[CheckResult]
    seconds: float


def refresh_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Apply pending changes to a mart, after its upstream marts.

    Raises:
        MartCheckError: If a check fails. The mart's transaction is rolled back.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    return refresh_marts(warehouse, settings, [mart])[-1]


def refresh_marts(
    warehouse: Warehouse, settings: MartSettings, marts: Iterable[Mart] = MARTS
) -> Sequence[MartResult]:
    """Apply pending changes to marts and their upstream marts; the results are in dependency order.

    Raises:
        MartCheckError: If a check fails. The mart's transaction is rolled back.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with _open_for_writing(warehouse) as connection:
        return [refresh(connection, mart, settings) for mart in with_upstream(marts)]


def rebuild_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> MartResult:
    """Rebuild a mart in full, after a refresh of its upstream marts; downstream marts follow in their next run.

    Raises:
        MartCheckError: If a check fails. The mart's transaction is rolled back.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    *upstream, _ = with_upstream([mart])
    with _open_for_writing(warehouse) as connection:
        for earlier in upstream:
            refresh(connection, earlier, settings)
        return refresh(connection, mart, settings, rebuild="requested")


def rebuild_marts(warehouse: Warehouse, settings: MartSettings) -> Sequence[MartResult]:
    """Rebuild all marts in full.

    Raises:
        MartCheckError: If a check fails. The mart's transaction is rolled back.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with _open_for_writing(warehouse) as connection:
        return [refresh(connection, mart, settings, rebuild="requested") for mart in MARTS]


def check_mart(warehouse: Warehouse, mart: Mart, settings: MartSettings) -> Sequence[CheckResult]:
    """Refresh a mart, then check every row by itself and against the inputs.

    Raises:
        MartCheckError: If a check of the refresh fails.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with _open_for_writing(warehouse) as connection:
        for earlier in with_upstream([mart]):
            refresh(connection, earlier, settings)
        return run.check_all_rows(connection, mart)


def mark_failed_checks(warehouse: Warehouse, marts: Sequence[Mart]) -> None:
    """Mark marts for a rebuild by their next refresh.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    if marts:
        with _open_for_writing(warehouse) as connection, transaction(connection):
            state.mark_failed_checks(connection, marts)


@contextmanager
def _open_for_writing(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.writing() as connection:
        # Marts have no row order, and preserving one costs memory.
        connection.execute("SET preserve_insertion_order = false")
        create_functions(connection)
        yield connection
        state.delete_applied_changes(connection, MARTS)


def refresh(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    settings: MartSettings,
    rebuild: RebuildReason | None = None,
) -> MartResult:
    """Apply pending changes to one mart in one transaction; its upstream marts must be up to date.

    The connection must have the functions of `create_functions`.

    Raises:
        MartCheckError: If a check fails. The transaction is rolled back.
        MartInputMissingError: If the SQL reads a table that is no input of the mart.
    """
    try:
        with transaction(connection):
            return _refresh(connection, mart, settings, rebuild)
    except MartCheckError:
        with transaction(connection):
            state.mark_failed_checks(connection, with_upstream([mart]))
        raise
    except duckdb.CatalogException as error:
        if missing := _MISSING_TABLE.match(str(error)):
            raise MartInputMissingError(mart.name, missing[1]) from None
        raise


def _refresh(
    connection: duckdb.DuckDBPyConnection, mart: Mart, settings: MartSettings, rebuild: RebuildReason | None
) -> MartResult:
    start = time.perf_counter()
    definition_hash = mart.definition_hash(settings)
    mart_state = state.state_of(connection, mart)
    load_seq = state.newest_load(connection)
    reason = None if mart.change_log_of else rebuild or _rebuild_reason(mart_state, definition_hash)
    changes = RowChanges()
    checks: Sequence[CheckResult] = ()
    if reason or mart_state != MartState(load_seq, definition_hash):
        input_views.drop_views(connection)
        input_views.bind_settings(connection, mart, settings)
        if reason:
            changes = apply.rebuild(connection, GRAPH, mart, load_seq)
            checks = run.check_rebuilt(connection, mart)
        elif mart.change_log_of is None and mart_state and mart_state.load_seq < load_seq:
            changes, checks = _apply_pending(connection, mart, mart_state.load_seq, load_seq)
        if not all(check.passed for check in checks):
            raise MartCheckError(mart.name, checks)
        if changes.deleted:
            tombstones.compact(connection, mart, GRAPH.followers_of(mart))
        state.write_months(connection, mart, changes.months, load_seq)
        state.write_state(connection, mart, MartState(load_seq, definition_hash))
    storage.update_comments(connection, mart)
    ((row_count,),) = connection.execute(f"SELECT count(*) FROM {mart.storage_table}").fetchall()
    return MartResult(
        mart=mart.name,
        load_seq=load_seq,
        affected_keys=changes.affected_keys,
        rows_deleted=changes.deleted,
        rows_inserted=changes.inserted,
        row_count=row_count,
        rebuild_reason=reason,
        checks=checks,
        seconds=time.perf_counter() - start,
    )


def _apply_pending(
    connection: duckdb.DuckDBPyConnection, mart: Mart, since: int, load_seq: int
) -> tuple[RowChanges, Sequence[CheckResult]]:
    """Apply pending changes, and check the affected keys; a mart that is computed in full is checked in full."""
    if mart.refresh_scope is None:
        return apply.replace_differing_rows(connection, mart, load_seq), run.check_all_rows(connection, mart)
    changes = apply.recompute_affected(connection, GRAPH, mart, mart.refresh_scope, since, load_seq)
    return changes, run.check_affected(connection, mart, changes.affected_keys)


def _rebuild_reason(mart_state: MartState | None, definition_hash: str) -> RebuildReason | None:
    if mart_state is None:
        return "missing"
    if mart_state.definition_hash == state.CHECK_FAILED:
        return "check failed"
    return None if mart_state.definition_hash == definition_hash else "definition changed"
