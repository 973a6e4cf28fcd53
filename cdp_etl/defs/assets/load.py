"""The assets of one load: `landing`, `normalized` and `staging` of an entity, made in one step, day by day.

One step and not three: a step that fails skips all behind it, so with three, a day that cannot be pulled would
keep 29 good days of the same run from being loaded (docs/decisions/0006). Each day's assets are recorded as the
day gets through; at the end the step fails for the days that did not.

Put here how days become events. What happens to a day stands in `day.py`.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load_specs import load_spec
from cdp_etl.defs.assets.metadata import Metadata, landing_metadata, normalized_metadata, staging_metadata
from cdp_etl.defs.checks.load_checks import LOAD_CHECKS, check_results
from cdp_etl.defs.error_boundary import in_step
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.partitions import BACKFILL_POLICY, days_of
from cdp_etl.defs.pools import LOAD_POOL
from cdp_etl.landing import ZoneUnreachableError
from cdp_etl.logs import log_context
from cdp_etl.pipeline.dump_pipeline import DayOutcome, DayRequest, Say, stands_in_the_ledger, take_day
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError

SKIP_UNCHANGED_TAG = "cdp_etl/skip_unchanged"
"""On runs that nobody asked for by hand: a dump loaded with the same content is passed over (RULINGS 9)."""

IN_THE_LEDGER = "all_failures_in_ledger"
"""On the failure of a load: whether the ledger tells of every day that did not get through."""

# An output with this metadata, which Dagster gives to observations of its own, is no event: each day was recorded
# as it got through, with its figures, and a day without files is not to look as if it had been made.
_RECORDED_DAY_BY_DAY = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
_BACKFILL_TAG = "dagster/backfill"
_TRANSIENT = (ZoneUnreachableError, WarehouseLockedError)
_UNATTENDED_TAGS = {"dagster/schedule_name", "dagster/sensor_name"}
_MOST_RETRIES = 3
_FIRST_WAIT_SECONDS = 60


class LoadConfig(dg.Config):
    """What a person may ask of a load, in the launchpad or by an option of `cdp-etl run`."""

    force: bool = False
    accept_removal: bool = False
    deep: bool = False


def build_load(
    settings: Settings, entity: Entity, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """Give the three assets of an entity."""

    @dg.multi_asset(
        name=f"load_{entity.table}",
        specs=[load_spec(entity, layer, settings.zone(entity).label, partitions) for layer in LOAD_LAYERS],
        check_specs=[check.spec(entity) for check in LOAD_CHECKS],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        can_subset=True,
        pool=LOAD_POOL,
    )
    @in_step
    def load(
        context: dg.AssetExecutionContext,
        config: LoadConfig,
        settings: dg.ResourceParam[Settings],
        say: dg.ResourceParam[Say],
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        outcomes = []
        for request in _requests(context, config, entity):
            outcome = take_day(settings, request, say)
            _record(context, request, outcome)
            outcomes.append(outcome)
        yield from check_results(context.selected_asset_check_keys, settings, entity, outcomes)
        _fail_for_days_not_loaded(context, entity, outcomes)
        # Without an output, what stands behind it in the same run, as in a backfill of all assets, is skipped.
        for layer in LOAD_LAYERS:
            if (key := asset_key(layer, entity.table)) in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=key, metadata=_RECORDED_DAY_BY_DAY)

    return load


def _requests(context: dg.AssetExecutionContext, config: LoadConfig, entity: Entity) -> Iterator[DayRequest]:
    is_by_hand = not {SKIP_UNCHANGED_TAG, _BACKFILL_TAG}.intersection(context.run.tags)
    layers = {layer for layer in LOAD_LAYERS if asset_key(layer, entity.table) in context.selected_asset_keys}
    for day in days_of(context):
        yield DayRequest(
            entity,
            day,
            layers,
            is_forced=is_by_hand or config.force,
            accept_removal=config.accept_removal,
            deep=config.deep,
            run_id=context.run.run_id,
        )


def _record(context: dg.AssetExecutionContext, request: DayRequest, outcome: DayOutcome) -> None:
    """Write down which assets of a day stand, at once: a run that is killed later has still made them."""
    with log_context(entity=request.entity.name, dump_date=outcome.dump_date.isoformat()):
        if outcome.error is not None:
            context.log.error("%s %s: %s", request.entity.name, outcome.dump_date, outcome.error)
        elif outcome.pull is None:
            context.log.warning("%s %s: no file was delivered.", request.entity.name, outcome.dump_date)
    for layer, metadata in _made(request.entity, outcome):
        if layer in request.layers:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key(layer, request.entity.table),
                    partition=outcome.dump_date.isoformat(),
                    metadata=metadata,
                )
            )


def _made(entity: Entity, outcome: DayOutcome) -> Iterator[tuple[Layer, Metadata]]:
    if outcome.pull is not None:
        yield Layer.LANDING, landing_metadata(outcome.pull)
    if outcome.normalized is not None:
        yield Layer.NORMALIZED, normalized_metadata(entity, outcome.normalized)
    if outcome.load is not None and outcome.load.status in {"loaded", "unchanged"}:
        yield Layer.STAGING, staging_metadata(outcome.load)


def _fail_for_days_not_loaded(
    context: dg.AssetExecutionContext, entity: Entity, outcomes: Sequence[DayOutcome]
) -> None:
    errors = {outcome.dump_date: outcome.error for outcome in outcomes if outcome.error is not None}
    if not errors:
        return
    # Nobody watches a run of the schedule: it is patient with what may pass by itself. A person is told at once.
    is_unattended = not _UNATTENDED_TAGS.isdisjoint(context.run.tags)
    is_transient = any(isinstance(error, _TRANSIENT) for error in errors.values())
    if is_unattended and is_transient and context.retry_number < _MOST_RETRIES:
        wait = _FIRST_WAIT_SECONDS * 2**context.retry_number
        raise dg.RetryRequested(max_retries=_MOST_RETRIES, seconds_to_wait=wait)
    raise dg.Failure(
        description="\n".join(
            [
                f"{entity.name}: {len(errors)} of {len(outcomes)} days did not get through.",
                *(f"{day}: {error}" for day, error in errors.items()),
            ]
        ),
        metadata={IN_THE_LEDGER: all(stands_in_the_ledger(error) for error in errors.values())},
    )
