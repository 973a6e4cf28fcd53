"""Assets `landing`, `normalized` and `staging` of an entity, materialized by one step, one dump date at a time.

It is one step because Dagster skips everything downstream of a failed step: with three, one dump that cannot be
pulled would block the other dumps of the run (decision 0006). Each date's assets are recorded once its dump is
processed. At the end the step fails if any dump failed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load_specs import load_spec
from cdp_etl.defs.assets.metadata import (
    Metadata,
    landing_metadata,
    normalized_metadata,
    not_loaded_again,
    staging_metadata,
)
from cdp_etl.defs.checks.load_checks import LOAD_CHECKS, check_results
from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.partitions import BACKFILL_POLICY, days_of
from cdp_etl.defs.pools import load_pool
from cdp_etl.defs.runtime.dagster_internals import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import ZoneUnreachableError
from cdp_etl.logs import log_context
from cdp_etl.pipeline.dump_pipeline import (
    DumpOutcome,
    DumpRequest,
    ReportProgress,
    is_recorded_in_ledger,
    process_dump,
)
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError

SKIP_UNCHANGED_TAG = "cdp_etl/skip_unchanged"
"""On runs that no person started in the UI: dumps that are loaded with the same content are skipped."""

ALL_FAILURES_IN_LEDGER = "all_failures_in_ledger"
"""Metadata of a failed load: whether the ledger has all failures of the run, so that alerts come from there."""

# Dagster records no event for an output with this metadata. Each date was already recorded with its figures, and a
# date without files must not look materialized.
_NO_EVENT = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
_BACKFILL_TAG = "dagster/backfill"
_TRANSIENT = (ZoneUnreachableError, WarehouseLockedError)
_AUTOMATIC_TAGS = {"dagster/schedule_name", "dagster/sensor_name"}
_MAX_RETRIES = 3
_FIRST_WAIT_SECONDS = 60


class LoadConfig(dg.Config):
    """Options of a load, set in the launchpad or by options of `cdp-etl run`.

    Attributes:
        force: Load a dump even if the same content is already loaded.
        accept_removal: Accept a dump with fewer files or records than before.
        deep: Pull every file again, even if the listing is unchanged.
    """

    force: bool = False
    accept_removal: bool = False
    deep: bool = False


def build_load(
    settings: Settings, entity: Entity, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """Return the three assets of an entity."""

    @dg.multi_asset(
        name=f"load_{entity.table}",
        specs=[load_spec(entity, layer, settings.zone(entity).label, partitions) for layer in LOAD_LAYERS],
        check_specs=[check.spec(entity) for check in LOAD_CHECKS],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        can_subset=True,
        pool=load_pool(settings, entity),
    )
    @op_boundary
    def load(
        context: dg.AssetExecutionContext,
        config: LoadConfig,
        settings: dg.ResourceParam[Settings],
        report_progress: dg.ResourceParam[ReportProgress],
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        outcomes = []
        for request in _requests(context, config, entity):
            outcome = process_dump(settings, request, report_progress)
            _record(context, request, outcome)
            outcomes.append(outcome)
        yield from check_results(context.selected_asset_check_keys, settings, entity, outcomes)
        _raise_if_any_failed(context, entity, outcomes)
        # Without an output, Dagster would skip downstream assets of the same run, as in a backfill of all assets.
        for layer in LOAD_LAYERS:
            if (key := asset_key(layer, entity.table)) in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=key, metadata=_NO_EVENT)

    return load


def _requests(context: dg.AssetExecutionContext, config: LoadConfig, entity: Entity) -> Iterator[DumpRequest]:
    is_manual = not {SKIP_UNCHANGED_TAG, _BACKFILL_TAG}.intersection(context.run.tags)
    layers = {layer for layer in LOAD_LAYERS if asset_key(layer, entity.table) in context.selected_asset_keys}
    for day in days_of(context):
        yield DumpRequest(
            entity,
            day,
            layers,
            force=is_manual or config.force,
            accept_removal=config.accept_removal,
            accept_removed_records=is_manual,
            full_rescan=config.deep,
            run_id=context.run.run_id,
        )


def _record(context: dg.AssetExecutionContext, request: DumpRequest, outcome: DumpOutcome) -> None:
    """Record the materialized assets of one date at once, in case the run is killed later."""
    with log_context(entity=request.entity.name, dump_date=outcome.dump_date.isoformat()):
        if outcome.error is not None:
            # The failure at the end of the step has the text, once.
            context.log.error(
                "%s %s: failed; the step says why when all its dumps are processed.",
                request.entity.name,
                outcome.dump_date,
            )
        elif outcome.pull is None:
            context.log.warning("%s %s: no file was delivered.", request.entity.name, outcome.dump_date)
        elif (reason := not_loaded_again(request.entity, outcome.dump_date, outcome.load)) is not None:
            context.log.info("%s %s: %s", request.entity.name, outcome.dump_date, reason)
    for layer, metadata in _materialized(request.entity, outcome):
        if layer in request.layers:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key(layer, request.entity.table),
                    partition=outcome.dump_date.isoformat(),
                    metadata=metadata,
                )
            )


def _materialized(entity: Entity, outcome: DumpOutcome) -> Iterator[tuple[Layer, Metadata]]:
    if outcome.pull is not None:
        yield Layer.LANDING, landing_metadata(outcome.pull)
    if outcome.normalized is not None:
        yield Layer.NORMALIZED, normalized_metadata(entity, outcome.normalized)
    if outcome.load is not None and outcome.load.status in {"loaded", "unchanged"}:
        yield Layer.STAGING, staging_metadata(entity, outcome.dump_date, outcome.load)


def _raise_if_any_failed(
    context: dg.AssetExecutionContext, entity: Entity, outcomes: Sequence[DumpOutcome]
) -> None:
    errors = {outcome.dump_date: outcome.error for outcome in outcomes if outcome.error is not None}
    if not errors:
        return
    # A run of a schedule or sensor retries transient errors. A manual run fails at once, because a person waits.
    is_automatic = not _AUTOMATIC_TAGS.isdisjoint(context.run.tags)
    is_transient = any(isinstance(error, _TRANSIENT) for error in errors.values())
    if is_automatic and is_transient and context.retry_number < _MAX_RETRIES:
        wait = _FIRST_WAIT_SECONDS * 2**context.retry_number
        raise dg.RetryRequested(max_retries=_MAX_RETRIES, seconds_to_wait=wait)
    raise dg.Failure(
        description="\n".join(
            [
                f"{entity.name}: {len(errors)} of {len(outcomes)} dumps failed.",
                *(f"{', '.join(map(str, days))}: {text}" for text, days in _days_by_text(errors).items()),
            ]
        ),
        metadata={
            "look_further": dg.MetadataValue.md(f"`cdp-etl status --from {min(errors)} --to {max(errors)}`"),
            ALL_FAILURES_IN_LEDGER: all(is_recorded_in_ledger(error) for error in errors.values()),
        },
    )


def _days_by_text(errors: Mapping[date, CdpEtlError]) -> Mapping[str, Sequence[date]]:
    """Return each text once, with the dump dates of which it is true."""
    days: dict[str, list[date]] = {}
    for day, error in errors.items():
        days.setdefault(str(error), []).append(day)
    return days
