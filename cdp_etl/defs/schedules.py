"""What runs without being asked: the load of yesterday's dumps, and the marts behind any load.

Put here when a job runs and for which days. What it does stands in the assets.
"""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.error_boundary import in_tick
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB
from cdp_etl.defs.partitions import range_tags
from cdp_etl.pipeline.unapplied_loads import PendingLoads, pending_loads
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError, WarehouseMissingError

TICK_PATIENCE_SECONDS = 5
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MOST_ATTEMPTS = 3
"""A run of the marts that failed is asked for again this often, then no more until there is something new."""


def build_daily_dump(settings: Settings) -> dg.ScheduleDefinition:
    """Give the schedule that loads yesterday's dumps."""

    @dg.schedule(
        name="daily_dump",
        job=LOAD_JOB,
        cron_schedule=settings.schedule,
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Load the dumps of yesterday. Days missed while the daemon was down are not made up for here.",
    )
    @in_tick
    def daily_dump(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        today = context.scheduled_execution_time.astimezone(ZoneInfo(settings.dump_timezone)).date()
        day = today - timedelta(days=1)
        if day < settings.first_dump_date:
            return dg.SkipReason(f"{day} is before the first dump date, {settings.first_dump_date}.")
        return dg.RunRequest(partition_key=day.isoformat(), tags={SKIP_UNCHANGED_TAG: "true"})

    return daily_dump


def build_marts_follow_loads(settings: Settings) -> dg.SensorDefinition:
    """Give the sensor by which the marts follow any load, however it was started."""

    @dg.sensor(
        name="refresh_marts",
        job=MARTS_JOB,
        minimum_interval_seconds=settings.mart_refresh_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Run the marts where the ledger holds loads that they, or the snapshot, do not hold.",
    )
    @in_tick
    def refresh_marts(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        try:
            # A tick must be short: where a load holds the warehouse, the next tick will do.
            pending = pending_loads(
                replace(settings.open_warehouse(), lock_timeout_seconds=TICK_PATIENCE_SECONDS), settings.published
            )
        except (WarehouseMissingError, WarehouseLockedError) as error:
            return dg.SkipReason(str(error))
        if pending is None:
            return dg.SkipReason("The marts and the snapshot hold every load.")
        if _is_at_work(context.instance):
            return dg.SkipReason("A run of the marts is at work.")
        return _request(pending, context.cursor)

    return refresh_marts


def _is_at_work(instance: dg.DagsterInstance) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=MARTS_JOB.name, statuses=UNFINISHED), limit=1))


def _request(pending: PendingLoads, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    """Ask for one run over all days that loads are pending of.

    A run key is used up by a failed run too, so it holds the number of the attempt.
    """
    asked_for, attempts = (int(part) for part in cursor.split(":")) if cursor else (0, 0)
    attempt = attempts + 1 if asked_for == pending.newest_load_seq else 1
    if attempt > _MOST_ATTEMPTS:
        return dg.SkipReason(
            f"The marts failed {_MOST_ATTEMPTS} times to apply load {pending.newest_load_seq}; look into the last "
            "run, then launch the job `marts` by hand."
        )
    key = f"{pending.newest_load_seq}:{attempt}"
    return dg.SensorResult(
        [dg.RunRequest(run_key=key, tags=range_tags(pending.first_day, pending.last_day))], cursor=key
    )
