"""Whether staging and marts are fresh: they hold the newest dump that is due by now, as the ledger says.

Dagster's own freshness policies look at when an asset was last materialized: a backfill of last March would make
stale marts look fresh (docs/decisions/0080). Put here what fresh means, and how it is told; which dump is due by
when stands with the settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache

import dagster as dg
import polars as pl
from pydantic import TypeAdapter

from cdp_etl.defs.error_boundary import in_step, in_tick
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.schedules import TICK_PATIENCE_SECONDS
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import Warehouse, WarehouseLockedError, WarehouseMissingError, ledger

IS_FRESH = "is_fresh"

_STAGING_SPECS = {
    entity.table: dg.AssetCheckSpec(
        IS_FRESH,
        asset=asset_key(Layer.STAGING, entity.table),
        description="The newest dump that is due by now, by calendar and deadline, is loaded.",
    )
    for entity in ENTITIES
}
_MART_SPECS = {
    mart.name: dg.AssetCheckSpec(
        IS_FRESH,
        asset=asset_key(Layer.MARTS, mart.name),
        description="Of each entity that it is made from, it holds the newest dump that is due by now.",
    )
    for mart in MARTS
}
_told = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether an asset is fresh, and a sentence.

    Attributes:
        key: The check.
        lacking: What it lacks, one sentence each; nothing where it is fresh.
        due: The newest dump date that is due; None where none is.
    """

    key: dg.AssetCheckKey
    lacking: tuple[str, ...]
    due: date | None

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        if self.lacking:
            return " ".join(self.lacking)
        return (
            "No dump is due yet." if self.due is None else f"It holds the newest dump that is due, of {self.due}."
        )

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """Give it as Dagster keeps it without a run."""
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
        """Give it as the result of a step."""
        return dg.AssetCheckResult(
            passed=not self.lacking,
            asset_key=self.key.asset_key,
            check_name=self.key.name,
            severity=dg.AssetCheckSeverity.WARN,
            description=self.sentence,
            metadata={} if self.due is None else {"newest_dump_due": self.due.isoformat()},
        )


def build_freshness_checks() -> dg.AssetChecksDefinition:
    """Give the checks; they are made in one step, where a person asks."""

    @dg.multi_asset_check(
        name="look_whether_fresh", specs=[*_STAGING_SPECS.values(), *_MART_SPECS.values()], can_subset=True
    )
    @in_step
    def freshness_checks(
        context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[dg.AssetCheckResult]:
        for freshness in judge(settings, settings.open_warehouse(), datetime.now(UTC)):
            if freshness.key in context.selected_asset_check_keys:
                yield freshness.result()

    return freshness_checks


def build_freshness() -> dg.SensorDefinition:
    """Give the sensor that makes these checks as time goes on: things go stale where nothing runs."""

    @dg.sensor(
        name="freshness",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="See whether staging and marts hold the newest dump that is due; a change is an evaluation.",
    )
    @in_tick
    def freshness(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        before = _told.validate_json(context.cursor) if context.cursor else {}
        # A tick must be short: where a load holds the warehouse, the next tick will do.
        warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_PATIENCE_SECONDS)
        try:
            found = list(judge(settings, warehouse, datetime.now(UTC)))
        except WarehouseLockedError as error:
            return dg.SkipReason(str(error))
        now = {one.key.to_user_string(): one.sentence for one in found}
        changed = [one.evaluation() for one in found if before.get(one.key.to_user_string()) != one.sentence]
        return dg.SensorResult(
            asset_events=changed,
            skip_reason=f"{len(changed)} of {len(found)} checks have changed.",
            cursor=_told.dump_json(now).decode(),
        )

    return freshness


def judge(settings: Settings, warehouse: Warehouse, now: datetime) -> Iterator[Freshness]:
    """Judge staging and marts, by the ledger.

    Raises:
        WarehouseLockedError: where the warehouse was not to be had in time.
    """
    loads, applied = _known(warehouse)
    due: dict[str, date] = {}
    for entity, day, _ in settings.expectation().due(now):
        due[entity.table] = max(day, due.get(entity.table, day))
    in_place = {(entity, day): seq for entity, day, seq in loads}
    for table, spec in _STAGING_SPECS.items():
        newest = due.get(table)
        is_lacking = newest is not None and (table, newest) not in in_place
        yield Freshness(spec.key, (f"The dump of {newest} is not loaded.",) if is_lacking else (), newest)
    for mart in MARTS:
        days = {table: due[table] for table in sorted(_tables_behind(mart)) if table in due}
        yield Freshness(
            _MART_SPECS[mart.name].key,
            tuple(_lacks(days, in_place, applied.get(mart.name, 0))),
            max(days.values(), default=None),
        )


def _lacks(days: dict[str, date], in_place: dict[tuple[str, date], int], applied: int) -> Iterator[str]:
    for table, day in days.items():
        load_seq = in_place.get((table, day))
        if load_seq is None:
            yield f"{table} of {day} is not loaded."
        elif load_seq > applied:
            yield f"{table} of {day} is loaded (number {load_seq}) and not applied."


def _known(warehouse: Warehouse) -> tuple[list[tuple[str, date, int]], dict[str, int]]:
    """Give the loads in place, and the newest load that each mart holds."""
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


@cache
def _tables_behind(mart: Mart) -> frozenset[str]:
    """Give the entities' tables that a mart is made from, directly or by other marts."""
    marts = {one.name: one for one in MARTS}
    tables: set[str] = set()
    for name in mart.inputs:
        if name in marts:
            tables |= _tables_behind(marts[name])
        else:
            tables.add(name.removesuffix("_current"))
    return frozenset(tables)
