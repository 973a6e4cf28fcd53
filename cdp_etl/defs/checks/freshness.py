"""Freshness checks and their sensor: by the ledger, staging and marts must contain the newest dump that is due.

Dagster's own freshness policies use the time of the last materialization. A backfill of last March would make
stale marts look fresh (decision 0080).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
from pydantic import TypeAdapter

from cdp_etl.defs.error_boundary import op_boundary, tick_boundary
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.schedules import TICK_LOCK_TIMEOUT_SECONDS
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.applied_loads import upstream_tables
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import Warehouse, WarehouseLockedError, WarehouseMissingError, ledger

IS_FRESH = "is_fresh"

_STAGING_SPECS = {
    entity.table: dg.AssetCheckSpec(
        IS_FRESH,
        asset=asset_key(Layer.STAGING, entity.table),
        description="The newest dump that is due by calendar and deadline is loaded.",
    )
    for entity in ENTITIES
}
_MART_SPECS = {
    mart.name: dg.AssetCheckSpec(
        IS_FRESH,
        asset=asset_key(Layer.MARTS, mart.name),
        description="The newest due dump of each upstream entity is loaded and applied.",
    )
    for mart in MARTS
}
_CURSOR = TypeAdapter(dict[str, str])
"""Cursor of the sensor: the sentence last recorded, by check key."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Freshness of one asset.

    Attributes:
        key: Key of the check.
        missing: A sentence for each missing dump; empty if the asset is fresh.
        due: The newest dump date that is due; None if none is.
    """

    key: dg.AssetCheckKey
    missing: tuple[str, ...]
    due: date | None

    @property
    def sentence(self) -> str:
        """Description of the result."""
        if self.missing:
            return " ".join(self.missing)
        return "No dump is due yet." if self.due is None else f"Contains the newest dump that is due, {self.due}."

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """Return the evaluation to be recorded without a run."""
        result = self.result()
        return dg.AssetCheckEvaluation(
            asset_key=self.key.asset_key,
            check_name=self.key.name,
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )

    def result(self) -> dg.AssetCheckResult:
        """Return the result of a step."""
        return dg.AssetCheckResult(
            passed=not self.missing,
            asset_key=self.key.asset_key,
            check_name=self.key.name,
            severity=dg.AssetCheckSeverity.WARN,
            description=self.sentence,
            metadata={} if self.due is None else {"newest_dump_due": self.due.isoformat()},
        )


def build_freshness_checks() -> dg.AssetChecksDefinition:
    """Return the checks, evaluated by one step of a run that a person starts."""

    @dg.multi_asset_check(
        name="check_freshness", specs=[*_STAGING_SPECS.values(), *_MART_SPECS.values()], can_subset=True
    )
    @op_boundary
    def freshness_checks(
        context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[dg.AssetCheckResult]:
        for freshness in evaluate_freshness(settings, settings.open_warehouse(), datetime.now(UTC)):
            if freshness.key in context.selected_asset_check_keys:
                yield freshness.result()

    return freshness_checks


def build_freshness() -> dg.SensorDefinition:
    """Return the sensor that evaluates these checks, because assets become stale while nothing runs."""

    @dg.sensor(
        name="freshness",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Check whether staging and marts contain the newest due dump, and record changed results.",
    )
    @tick_boundary
    def freshness(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        before = _CURSOR.validate_json(context.cursor) if context.cursor else {}
        # A tick must be short. If a load holds the lock, the next tick tries again.
        warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS)
        try:
            found = list(evaluate_freshness(settings, warehouse, datetime.now(UTC)))
        except WarehouseLockedError as error:
            return dg.SkipReason(str(error))
        now = {one.key.to_user_string(): one.sentence for one in found}
        changed = [one.evaluation() for one in found if before.get(one.key.to_user_string()) != one.sentence]
        return dg.SensorResult(
            asset_events=changed,
            skip_reason=f"{len(changed)} of {len(found)} results have changed.",
            cursor=_CURSOR.dump_json(now).decode(),
        )

    return freshness


def evaluate_freshness(settings: Settings, warehouse: Warehouse, now: datetime) -> Iterator[Freshness]:
    """Yield the freshness of each staging table and mart.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    loads, applied = _ledger_and_marts(warehouse)
    due: dict[str, date] = {}
    for entity, day, _ in settings.expectation().due(now):
        due[entity.table] = max(day, due.get(entity.table, day))
    loads_in_place = {(entity, day): seq for entity, day, seq in loads}
    for table, spec in _STAGING_SPECS.items():
        newest = due.get(table)
        is_missing = newest is not None and (table, newest) not in loads_in_place
        yield Freshness(spec.key, (f"The dump of {newest} is not loaded.",) if is_missing else (), newest)
    for mart in MARTS:
        days = {table: due[table] for table in sorted(upstream_tables(mart)) if table in due}
        yield Freshness(
            _MART_SPECS[mart.name].key,
            tuple(_missing(days, loads_in_place, applied.get(mart.name, 0))),
            max(days.values(), default=None),
        )


def _missing(days: dict[str, date], loads_in_place: dict[tuple[str, date], int], applied: int) -> Iterator[str]:
    for table, day in days.items():
        load_seq = loads_in_place.get((table, day))
        if load_seq is None:
            yield f"{table} of {day} is not loaded."
        elif load_seq > applied:
            yield f"{table} of {day} is loaded (number {load_seq}) and not applied."


def _ledger_and_marts(warehouse: Warehouse) -> tuple[list[tuple[str, date, int]], dict[str, int]]:
    """Return the loads in place, and the newest load that each mart has applied."""
    try:
        loads = ledger(warehouse).filter(pl.col("loaded_load_seq").is_not_null())
        with warehouse.reading() as connection:
            states = {mart.name: state_of(connection, mart) for mart in MARTS}
    except WarehouseMissingError:
        return [], {}
    return (
        loads.select("entity", "dump_date", "loaded_load_seq").rows(),
        {name: state.load_seq for name, state in states.items() if state is not None},
    )
