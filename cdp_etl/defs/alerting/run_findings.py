"""Findings about runs: what Dagster knows as failed and has not been made up for since.

Put here what of a failed run a person should hear. Dumps that did not get through stand in the ledger and are told
from there; a run that failed for nothing else is not told twice.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
from dagster._core.storage.tags import WILL_RETRY_TAG

from cdp_etl.alerts.findings.dumps import without_numbers
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import RunLinks
from cdp_etl.defs.assets.load import IN_THE_LEDGER
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.partitions import days_of_tags
from cdp_etl.entities import ENTITIES

_LOOKED_BACK = timedelta(days=7)
_MOST_RUNS = 50
_MOST_SENTENCES = 5
_DONE = {"loaded", "unchanged", "empty"}
_BY_HAND = "__ASSET_JOB"
"""What Dagster calls a run of assets that were chosen by hand, or by a backfill."""


def run_findings(
    instance: dg.DagsterInstance, ledger: pl.DataFrame | None, links: RunLinks, now: datetime
) -> Iterator[Finding]:
    """Give the runs of the last week that failed, one for each job, days and assets: the newest.

    Args:
        instance: Whose runs.
        ledger: As `cdp_etl.warehouse.ledger` gives it; None where it cannot be read.
        links: Where a run is looked at.
        now: The moment, UTC.
    """
    since = now - _LOOKED_BACK
    failed = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since), limit=_MOST_RUNS
    )
    if not failed:
        return
    succeeded = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since), limit=10 * _MOST_RUNS
    )
    made_up_for = {_place(record.dagster_run): record for record in succeeded[::-1]}
    told = set()
    for record in failed:
        run = record.dagster_run
        place = _place(run)
        later = made_up_for.get(place)
        if (
            place in told
            or run.tags.get(WILL_RETRY_TAG) == "true"
            or (later is not None and _ended(later) > _ended(record))
            or _may_be_made_up_for(run, _ended(record), ledger)
        ):
            continue
        sentences = _failures(instance, run.run_id)
        if sentences is not None:
            told.add(place)
            yield _finding(run, sentences, _ended(record), links)


def _finding(run: dg.DagsterRun, sentences: Sequence[str], ended: datetime, links: RunLinks) -> Finding:
    days = days_of_tags(run.tags)
    job = "materialization" if run.job_name == _BY_HAND else run.job_name
    span = "" if not days else f" {days[0]}" if len(days) == 1 else f" {days[0]} to {days[-1]}"
    what = "\n".join(sentences[:_MOST_SENTENCES])
    return Finding(
        FindingKind.RUN_FAILED,
        f"{job}{span}{_assets(run)}",
        what,
        {"job": job}
        | ({"dump date": span.strip()} if days else {})
        | {"at": f"{ended:%Y-%m-%d %H:%M} UTC"}
        | links.details(run.run_id),
        _command(run, days),
        fingerprint=without_numbers(what),
    )


def _command(run: dg.DagsterRun, days: Sequence[date]) -> str:
    if run.job_name == LOAD_JOB.name and days:
        return f"cdp-etl run --from {days[0]} --to {days[-1]}"
    return "cdp-etl check --full" if run.job_name == "check_full" else "cdp-etl doctor"


def _assets(run: dg.DagsterRun) -> str:
    """Name the tables where a run was for some of them only."""
    tables = sorted({key.path[-1] for key in run.asset_selection or ()})
    return f" ({', '.join(tables)})" if tables else ""


def _place(run: dg.DagsterRun) -> tuple[str, tuple[date, ...], frozenset[dg.AssetKey] | None]:
    """Give what a run was for: its job, days and assets; a run of the marts is for all days."""
    selection = None if run.asset_selection is None else frozenset(run.asset_selection)
    days = () if run.job_name == MARTS_JOB.name else tuple(days_of_tags(run.tags))
    return run.job_name, days, selection


def _ended(record: dg.RunRecord) -> datetime:
    ended = record.end_time
    return record.update_timestamp if ended is None else datetime.fromtimestamp(ended, UTC)


def _failures(instance: dg.DagsterInstance, run_id: str) -> list[str] | None:
    """Give a sentence for each step that failed; None where all that failed stands in the ledger."""
    events = [
        record.event_log_entry.get_dagster_event()
        for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    ]
    untold = [event for event in events if not _is_in_the_ledger(event)]
    if events and not untold:
        return None
    return [failure_sentence(event) for event in untold] or _why_it_ended(instance, run_id)


def _why_it_ended(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Give what Dagster says of a run that ended outside its steps: its process is gone, say."""
    ends = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    return [record.event_log_entry.get_dagster_event().message or "" for record in ends[-1:]]


def _is_in_the_ledger(event: dg.DagsterEvent) -> bool:
    told = event.step_failure_data.user_failure_data
    return told is not None and IN_THE_LEDGER in told.metadata and told.metadata[IN_THE_LEDGER].value is True


def _may_be_made_up_for(run: dg.DagsterRun, ended: datetime, ledger: pl.DataFrame | None) -> bool:
    """Tell whether all dumps that a load was for got through later, in runs of whatever kind, or may have.

    Where the ledger cannot be read for long, that is told instead.
    """
    days = days_of_tags(run.tags)
    if run.job_name != LOAD_JOB.name or not days or (ledger is not None and ledger.is_empty()):
        return False
    if ledger is None:
        return True
    tables = {key.path[-1] for key in run.asset_selection or load_keys(ENTITIES)}
    done: Collection[Mapping[str, object]] = ledger.filter(
        pl.col("dump_date").is_in(days)
        & pl.col("entity").is_in(sorted(tables))
        & pl.col("status").is_in(sorted(_DONE))
        & (pl.col("finished_at") > ended)
    ).to_dicts()
    return len(done) == len(days) * len(tables)


def failure_sentence(event: dg.DagsterEvent) -> str:
    """Say why a step failed: in our own words where there are, else by the kind of error alone."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    return f"{event.step_key}: {data.error.cls_name if data.error else 'failed'}"
