"""Automatic starts of the jobs: schedule `daily_dump` loads, sensor `refresh_marts` applies loads to the marts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.checks.load_checks import load_check_keys
from cdp_etl.defs.error_boundary import tick_boundary
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.partitions import range_tags
from cdp_etl.pipeline.unapplied_loads import UnappliedLoads, find_unapplied_loads
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError, WarehouseMissingError

TICK_LOCK_TIMEOUT_SECONDS = 5
"""Longest wait of a sensor's tick for the lock of the warehouse."""
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""Statuses of a run that has not ended."""
_MAX_ATTEMPTS = 3
"""Number of runs requested for the same newest load. A new load starts over."""


def build_daily_dump(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule that loads yesterday's dumps."""

    @dg.schedule(
        name="daily_dump",
        job=LOAD_JOB,
        cron_schedule=settings.schedule,
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Load the dumps of yesterday. The sensor new_dumps loads dates that were missed.",
    )
    @tick_boundary
    def daily_dump(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | Sequence[dg.RunRequest] | dg.SkipReason:
        today = context.scheduled_execution_time.astimezone(ZoneInfo(settings.dump_timezone)).date()
        day = today - timedelta(days=1)
        if day < settings.first_dump_date:
            return dg.SkipReason(f"{day} is before the first dump date, {settings.first_dump_date}.")
        zones = settings.entities_by_zone()
        if len(zones) == 1:
            return dg.RunRequest(partition_key=day.isoformat(), tags={SKIP_UNCHANGED_TAG: "true"})
        # The steps of a run follow one another, so each zone has a run of its own.
        return [
            dg.RunRequest(
                run_key=f"{context.scheduled_execution_time.isoformat()} {zone or ''}".rstrip(),
                partition_key=day.isoformat(),
                tags={SKIP_UNCHANGED_TAG: "true"},
                asset_selection=list(load_keys(entities)),
                asset_check_keys=list(load_check_keys(entities)),
            )
            for zone, entities in zones.items()
        ]

    return daily_dump


def build_refresh_marts(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that refreshes the marts after any load, however the load was started."""

    @dg.sensor(
        name="refresh_marts",
        job=MARTS_JOB,
        minimum_interval_seconds=settings.mart_refresh_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refresh the marts if the ledger has loads that the marts or the snapshot have not applied.",
    )
    @tick_boundary
    def refresh_marts(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        try:
            # A tick must be short. If a load holds the lock, the next tick tries again.
            unapplied = find_unapplied_loads(
                replace(settings.open_warehouse(), lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS),
                settings.published,
            )
        except (WarehouseMissingError, WarehouseLockedError) as error:
            return dg.SkipReason(str(error))
        if unapplied is None:
            return dg.SkipReason("The marts and the snapshot have applied every load.")
        if _is_running(context.instance):
            return dg.SkipReason("A run of the job `marts` is in progress.")
        return _request(unapplied, context.cursor)

    return refresh_marts


def _is_running(instance: dg.DagsterInstance) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=MARTS_JOB.name, statuses=UNFINISHED), limit=1))


def _request(unapplied: UnappliedLoads, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    """Request one run for the dates of all unapplied loads.

    Dagster never starts a second run with the same run key, even if the first failed. The key therefore contains
    the number of the attempt. The cursor is the last key: `<newest load_seq>:<attempt>`.
    """
    requested, attempts = (int(part) for part in cursor.split(":")) if cursor else (0, 0)
    attempt = attempts + 1 if requested == unapplied.newest_load_seq else 1
    if attempt > _MAX_ATTEMPTS:
        return dg.SkipReason(
            f"The marts failed {_MAX_ATTEMPTS} times to apply load {unapplied.newest_load_seq}. Read the errors of"
            " the last run, then start the job `marts` by hand."
        )
    key = f"{unapplied.newest_load_seq}:{attempt}"
    return dg.SensorResult(
        [dg.RunRequest(run_key=key, tags=range_tags(unapplied.first_day, unapplied.last_day))], cursor=key
    )
