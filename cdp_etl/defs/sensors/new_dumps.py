"""Sensor `new_dumps`: requests loads of new, late and corrected dumps, and of dates the schedule missed.

`cdp_etl.pipeline.dump_detection` decides which dumps are due.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.defs.checks.load_checks import load_check_keys
from cdp_etl.defs.error_boundary import tick_boundary
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.partitions import days_of_tags
from cdp_etl.defs.schedules import TICK_LOCK_TIMEOUT_SECONDS, UNFINISHED
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.pipeline.dump_detection import (
    MAX_ATTEMPTS,
    DueLoad,
    SensorCursor,
    ZoneScan,
    dates_to_scan,
    find_due_loads,
    scan_zones,
)
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError, WarehouseMissingError, ledger

_NO_LEDGER = pl.Schema(
    {
        "entity": pl.String(),
        "dump_date": pl.Date(),
        "status": pl.String(),
        "load_seq": pl.Int64(),
        "finished_at": pl.Datetime("us", "UTC"),
        "loaded_finished_at": pl.Datetime("us", "UTC"),
    }
)


def build_new_dumps(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor."""

    @dg.sensor(
        name="new_dumps",
        job=LOAD_JOB,
        minimum_interval_seconds=settings.poll_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Load new, late and corrected dumps, and dumps of dates that the schedule missed.",
    )
    @tick_boundary
    def new_dumps(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        cursor = SensorCursor.from_json(context.cursor)
        recent = _recent_dates(settings, now)
        if not recent:
            return dg.SkipReason(f"The first dump date, {settings.first_dump_date}, is in the future.")
        try:
            known = _ledger(settings)
        except WarehouseLockedError as error:
            return dg.SkipReason(str(error))
        dates, last_rescanned = dates_to_scan(settings, known, recent, cursor.last_rescanned)
        scan = scan_zones(settings, ENTITIES, dates)
        cursor = replace(cursor, last_rescanned=last_rescanned)
        due, cursor = find_due_loads(settings, scan, known, cursor, running=_running(context.instance), now=now)
        for unread in scan.errors:
            context.log.warning(unread)
        return dg.SensorResult(
            [_request(load, known) for load in due],
            skip_reason=None if due else _skip_reason(scan, cursor),
            cursor=cursor.to_json(),
        )

    return new_dumps


def _ledger(settings: Settings) -> pl.DataFrame:
    """Read the ledger with a short lock timeout. If a load holds the lock, the next tick tries again."""
    try:
        warehouse = replace(settings.open_warehouse(), lock_timeout_seconds=TICK_LOCK_TIMEOUT_SECONDS)
        return ledger(warehouse, first=settings.first_dump_date)
    except WarehouseMissingError:
        return pl.DataFrame(schema=_NO_LEDGER)


def _recent_dates(settings: Settings, now: datetime) -> list[date]:
    """Return today and the days of CDP_ETL_LOOKBACK_DAYS before it, from the first dump date on."""
    today = now.astimezone(ZoneInfo(settings.dump_timezone)).date()
    recent = [today - timedelta(days=back) for back in range(settings.lookback_days + 1)]
    return [day for day in recent if day >= settings.first_dump_date]


def _running(instance: dg.DagsterInstance) -> set[tuple[str, date]]:
    """Return entity (table) and date of the dumps that a run is loading, however it was started."""
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return {
        (entity.table, day)
        for run in runs
        if run.job_name != MARTS_JOB.name
        for day in days_of_tags(run.tags)
        for entity in ENTITIES
        if run.asset_selection is None or not run.asset_selection.isdisjoint(load_keys([entity]))
    }


def _skip_reason(scan: ZoneScan, cursor: SensorCursor) -> str:
    """Return why no run is requested: unreachable zones, incomplete dumps, dates that were given up."""
    given_up = sorted(day for day, request in cursor.requests.items() if request.attempts == MAX_ATTEMPTS)
    sentences = [
        *scan.errors,
        *([f"{len(cursor.first_seen)} dumps are not ready yet."] if cursor.first_seen else []),
        *(
            [f"Given up after {MAX_ATTEMPTS} attempts, until the delivery changes: {', '.join(given_up)}."]
            if given_up
            else []
        ),
    ]
    return " ".join(sentences) or "No new dumps."


def _request(load: DueLoad, known: pl.DataFrame) -> dg.RunRequest:
    """Request one run for the due entities of a date.

    Dagster never starts a second run with the same run key, even if the first failed. The key therefore contains
    the delivery, the newest load of that date, and the attempt: content A, then B, then A again are three runs.
    """
    newest = max(_loads(known, load.dump_date), default=0)
    entities = [BY_NAME[name] for name in load.entities]
    return dg.RunRequest(
        run_key=f"{load.dump_date}:{load.request.delivery_hash}:{newest}:{load.request.attempts}",
        partition_key=load.dump_date.isoformat(),
        asset_selection=list(load_keys(entities)),
        # Otherwise Dagster would add all checks of these assets, the full checks too.
        asset_check_keys=list(load_check_keys(entities)),
        tags={SKIP_UNCHANGED_TAG: "true"},
    )


def _loads(known: pl.DataFrame, day: date) -> Iterable[int]:
    return known.filter(pl.col("dump_date") == day)["load_seq"].to_list()
