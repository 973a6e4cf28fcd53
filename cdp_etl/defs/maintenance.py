"""Weekly maintenance: schedule `weekly_full_rescan`, job `prune` and its schedule `weekly_prune`."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG, LoadConfig
from cdp_etl.defs.error_boundary import op_boundary, tick_boundary
from cdp_etl.defs.jobs import LOAD_JOB
from cdp_etl.defs.partitions import range_tags
from cdp_etl.entities import ENTITIES
from cdp_etl.pipeline.retention import prune_all
from cdp_etl.settings import Settings


def build_weekly_full_rescan(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule that pulls recent dumps again, even if the zone's listing is unchanged.

    Only this finds a file whose content changed under the same size and time on a server without checksums. A dump
    with unchanged content is not loaded again.
    """

    @dg.schedule(
        name="weekly_full_rescan",
        job=LOAD_JOB,
        cron_schedule="0 3 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Pull all files of recent dumps again, once a week, and load dumps with changed content.",
    )
    @tick_boundary
    def weekly_full_rescan(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        last = _today(settings, context.scheduled_execution_time) - timedelta(days=1)
        first = max(last - timedelta(days=settings.lookback_days), settings.first_dump_date)
        if first > last:
            return dg.SkipReason(f"The first dump date, {settings.first_dump_date}, is in the future.")
        return dg.RunRequest(run_config=_deep(), tags={**range_tags(first, last), SKIP_UNCHANGED_TAG: "true"})

    return weekly_full_rescan


@dg.op(name="prune_archive")
@op_boundary
def _prune_archive(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Delete pulls and lake outputs that have expired by the settings."""
    today = _today(settings, datetime.now(ZoneInfo(settings.dump_timezone)))
    pruned = prune_all(settings, today, dry_run=False)
    context.add_output_metadata(
        {"pulls": len(pruned.pulls), "outputs": len(pruned.outputs), "bytes": pruned.bytes}
    )


@dg.job(
    name="prune",
    description="Delete expired data from archive and lake, like `cdp-etl archive prune`.",
)
def _prune_job() -> None:
    _prune_archive()


PRUNE_JOB = _prune_job


def build_weekly_prune(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule of that job. Without a retention it deletes only what failed and killed runs left."""

    @dg.schedule(
        name="weekly_prune",
        job=PRUNE_JOB,
        cron_schedule="0 4 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Delete expired data and leftovers from archive, lake and snapshot, once a week.",
    )
    @tick_boundary
    def weekly_prune() -> dg.RunRequest:
        return dg.RunRequest()

    return weekly_prune


def _deep() -> dg.RunConfig:
    return dg.RunConfig(ops={f"load_{entity.table}": LoadConfig(deep=True) for entity in ENTITIES})


def _today(settings: Settings, now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings.dump_timezone)).date()
