"""What is done once a week: look closely at recent dumps, and let go of what need not be kept.

Put here when that happens and for which days. What it does stands in the assets and in `pruning.py`.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG, LoadConfig
from cdp_etl.defs.error_boundary import in_step, in_tick
from cdp_etl.defs.jobs import LOAD_JOB
from cdp_etl.defs.partitions import range_tags
from cdp_etl.entities import ENTITIES
from cdp_etl.landing import Retention
from cdp_etl.pipeline.retention import prune_all
from cdp_etl.settings import Settings


def build_weekly_deep_look(settings: Settings) -> dg.ScheduleDefinition:
    """Give the schedule that pulls recent dumps again whatever the zone's listing says (RULINGS 26).

    A file whose content changed under the same size and time, on a server without checksums, is found by this
    alone. A dump that is found to be what was loaded is not loaded again.
    """

    @dg.schedule(
        name="weekly_full_rescan",
        job=LOAD_JOB,
        cron_schedule="0 3 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Pull the dumps of the days looked back again, and compare what is in them, once a week.",
    )
    @in_tick
    def weekly_full_rescan(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        last = _today(settings, context.scheduled_execution_time) - timedelta(days=1)
        first = max(last - timedelta(days=settings.lookback_days), settings.first_dump_date)
        if first > last:
            return dg.SkipReason(f"The first dump date, {settings.first_dump_date}, is not yet there.")
        return dg.RunRequest(run_config=_deep(), tags={**range_tags(first, last), SKIP_UNCHANGED_TAG: "true"})

    return weekly_full_rescan


@dg.op(name="prune_archive")
@in_step
def _prune_archive(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Remove what is older than the settings keep."""
    today = _today(settings, datetime.now(ZoneInfo(settings.dump_timezone)))
    gone = prune_all(settings, today, dry_run=False)
    context.add_output_metadata({"pulls": len(gone.pulls), "outcomes": len(gone.outcomes), "bytes": gone.bytes})


@dg.job(
    name="prune",
    description="Remove from archive and lake what is older than the settings keep; as `cdp-etl archive prune`.",
)
def _prune_job() -> None:
    _prune_archive()


PRUNE_JOB = _prune_job


def build_weekly_prune(settings: Settings) -> dg.ScheduleDefinition:
    """Give the schedule of that job; it skips where everything is kept for ever."""

    @dg.schedule(
        name="weekly_prune",
        job=PRUNE_JOB,
        cron_schedule="0 4 * * 0",
        execution_timezone=settings.dump_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Remove what is older than the settings keep, once a week.",
    )
    @in_tick
    def weekly_prune() -> dg.RunRequest | dg.SkipReason:
        if settings.retention() == Retention():
            return dg.SkipReason("Everything is kept for ever: no CDP_ETL_KEEP_… is set.")
        return dg.RunRequest()

    return weekly_prune


def _deep() -> dg.RunConfig:
    return dg.RunConfig(ops={f"load_{entity.table}": LoadConfig(deep=True) for entity in ENTITIES})


def _today(settings: Settings, now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings.dump_timezone)).date()
