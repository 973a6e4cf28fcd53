"""The sensor that asks for dumps which are new, late or corrected; it also makes up for days the schedule missed.

Put here when to look and how a run is asked for. What counts as an arrival stands in `arrivals.py`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl

from cdp_etl.defs.arrivals import Arrival, arrivals, days_to_look_at, look, read_memory, write_memory
from cdp_etl.defs.automation import TICK_PATIENCE_SECONDS, UNFINISHED
from cdp_etl.defs.jobs import LOAD_JOB, load_keys
from cdp_etl.defs.load import SKIP_UNCHANGED_TAG
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLockedError, WarehouseMissingError, ledger

_TICK_SECONDS = 300
_PARTITION_TAG = "dagster/partition"
_NO_LEDGER = pl.Schema({"entity": pl.String, "dump_date": pl.Date, "status": pl.String, "load_seq": pl.Int64})


def build_new_dumps() -> dg.SensorDefinition:
    """Give the sensor."""

    @dg.sensor(
        name="new_dumps",
        job=LOAD_JOB,
        minimum_interval_seconds=_TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Load what has arrived: new, late and corrected dumps, and those of days the schedule missed.",
    )
    def new_dumps(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        try:
            known = _ledger(settings)
        except WarehouseLockedError as error:
            return dg.SkipReason(str(error))
        seen = look(settings, ENTITIES, _days(settings, known, now))
        at_work = _days_at_work(context.instance)
        memory = read_memory(context.cursor)
        due, memory = arrivals(settings, seen.found, known, memory, at_work=at_work, now=now)
        return dg.SensorResult(
            [_request(arrival, known) for arrival in due],
            skip_reason=None if due else "; ".join(seen.faults) or "Nothing has arrived.",
            cursor=write_memory(memory),
        )

    return new_dumps


def _ledger(settings: Settings) -> pl.DataFrame:
    """Read the ledger without waiting long: where a load holds the warehouse, the next tick will do."""
    try:
        return ledger(replace(settings.open_warehouse(), lock_timeout_seconds=TICK_PATIENCE_SECONDS))
    except WarehouseMissingError:
        return pl.DataFrame(schema=_NO_LEDGER)


def _days(settings: Settings, known: pl.DataFrame, now: datetime) -> list[date]:
    today = now.astimezone(ZoneInfo(settings.dump_timezone)).date()
    recent = (today - timedelta(days=back) for back in range(settings.lookback_days + 1))
    return [day for day in days_to_look_at(known, today, recent) if day >= settings.first_dump_date]


def _days_at_work(instance: dg.DagsterInstance) -> set[date]:
    runs = instance.get_runs(dg.RunsFilter(job_name=LOAD_JOB.name, statuses=UNFINISHED))
    return {date.fromisoformat(run.tags[_PARTITION_TAG]) for run in runs if _PARTITION_TAG in run.tags}


def _request(arrival: Arrival, known: pl.DataFrame) -> dg.RunRequest:
    """Ask for one run over the entities that have arrived for a day.

    A run key is used up for ever, also by a run that failed. So it holds what was delivered, the newest load of
    that day, and the attempt: content A, then B, then A again are three runs (RULINGS 23).
    """
    newest = max(_loads(known, arrival.day), default=0)
    return dg.RunRequest(
        run_key=f"{arrival.day}:{arrival.asked.deliveries[:16]}:{newest}:{arrival.asked.attempts}",
        partition_key=arrival.day.isoformat(),
        asset_selection=list(load_keys(BY_NAME[name] for name in arrival.entities)),
        tags={SKIP_UNCHANGED_TAG: "true"},
    )


def _loads(known: pl.DataFrame, day: date) -> Iterable[int]:
    return known.filter(pl.col("dump_date") == day)["load_seq"].to_list()
