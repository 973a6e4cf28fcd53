"""Findings about failed runs that no later run has superseded.

Failed dumps are findings by the ledger. A run that failed only because of such dumps is not reported again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl

from cdp_etl.alerts.findings.dumps import without_numbers
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import RunLinks
from cdp_etl.defs.assets.load import ALL_FAILURES_IN_LEDGER
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.partitions import days_of_tags
from cdp_etl.defs.runtime.dagster_internals import IMPLICIT_ASSET_JOB_NAME, WILL_RETRY_TAG
from cdp_etl.entities import ENTITIES

_LOOKBACK = timedelta(days=7)
_MAX_RUNS = 50
_MAX_SENTENCES = 5
_DONE_STATUSES = {"loaded", "unchanged", "missing"}
_LEDGER_KEYS = (ALL_FAILURES_IN_LEDGER, "days_stand_in_the_ledger")
"""The metadata key, and its name in events of version 0.1.0."""


def run_findings(
    instance: dg.DagsterInstance, ledger: pl.DataFrame | None, links: RunLinks, now: datetime
) -> Iterator[Finding]:
    """Yield the failed runs of the last week, only the newest for the same job, dates and assets.

    Args:
        instance: Instance with the runs.
        ledger: Result of `cdp_etl.warehouse.ledger`; None if the warehouse cannot be read.
        links: Links to runs in the UI.
        now: Current time, UTC.
    """
    since = now - _LOOKBACK
    failed = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since), limit=_MAX_RUNS
    )
    if not failed:
        return
    succeeded = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since), limit=10 * _MAX_RUNS
    )
    latest_success = {_scope(record.dagster_run): record for record in succeeded[::-1]}
    reported = set()
    for record in failed:
        run = record.dagster_run
        scope = _scope(run)
        later = latest_success.get(scope)
        if (
            scope in reported
            or run.tags.get(WILL_RETRY_TAG) == "true"
            or (later is not None and _ended(later) > _ended(record))
            or _may_be_superseded(run, _ended(record), ledger)
        ):
            continue
        sentences = _failures(instance, run.run_id)
        if sentences is not None:
            reported.add(scope)
            yield _finding(run, sentences, _ended(record), links)


def _finding(run: dg.DagsterRun, sentences: Sequence[str], ended: datetime, links: RunLinks) -> Finding:
    days = days_of_tags(run.tags)
    job = "materialization" if run.job_name == IMPLICIT_ASSET_JOB_NAME else run.job_name
    span = "" if not days else f" {days[0]}" if len(days) == 1 else f" {days[0]} to {days[-1]}"
    description = "\n".join(sentences[:_MAX_SENTENCES])
    return Finding(
        FindingKind.RUN_FAILED,
        f"{job}{span}{_assets(run)}",
        description,
        {"job": job}
        | ({"dump date": span.strip()} if days else {})
        | {"at": f"{ended:%Y-%m-%d %H:%M} UTC"}
        | links.details(run.run_id),
        _command(run, days),
        fingerprint=without_numbers(description),
    )


def _command(run: dg.DagsterRun, days: Sequence[date]) -> str:
    if run.job_name == LOAD_JOB.name and days:
        return f"cdp-etl run --from {days[0]} --to {days[-1]}"
    return "cdp-etl check --full" if run.job_name == "check_full" else "cdp-etl doctor"


def _assets(run: dg.DagsterRun) -> str:
    """Return the tables of a run that was for selected assets."""
    tables = sorted({key.path[-1] for key in run.asset_selection or ()})
    return f" ({', '.join(tables)})" if tables else ""


def _scope(run: dg.DagsterRun) -> tuple[str, tuple[date, ...], frozenset[dg.AssetKey] | None]:
    """Return job, dates and assets of a run. A run of the job `marts` is for all dates."""
    selection = None if run.asset_selection is None else frozenset(run.asset_selection)
    days = () if run.job_name == MARTS_JOB.name else tuple(days_of_tags(run.tags))
    return run.job_name, days, selection


def _ended(record: dg.RunRecord) -> datetime:
    ended = record.end_time
    return record.update_timestamp if ended is None else datetime.fromtimestamp(ended, UTC)


def _failures(instance: dg.DagsterInstance, run_id: str) -> list[str] | None:
    """Return a sentence for each failed step, or None if the ledger has all failures."""
    events = [
        record.event_log_entry.get_dagster_event()
        for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    ]
    unrecorded = [event for event in events if not is_in_ledger(event)]
    if events and not unrecorded:
        return None
    return [failure_sentence(event) for event in unrecorded] or _run_failure(instance, run_id)


def _run_failure(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Return Dagster's message for a run that failed outside its steps, such as a killed process."""
    ends = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    return [record.event_log_entry.get_dagster_event().message or "" for record in ends[-1:]]


def is_in_ledger(event: dg.DagsterEvent) -> bool:
    """Return whether the ledger has all failures of a failed step."""
    failure = event.step_failure_data.user_failure_data
    return failure is not None and any(
        key in failure.metadata and failure.metadata[key].value is True for key in _LEDGER_KEYS
    )


def _may_be_superseded(run: dg.DagsterRun, ended: datetime, ledger: pl.DataFrame | None) -> bool:
    """Return whether later runs of any kind loaded all dumps of a failed load, or may have.

    If the ledger cannot be read, they may have. A warehouse that is locked for long is a finding of its own.
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
        & pl.col("status").is_in(sorted(_DONE_STATUSES))
        & (pl.col("finished_at") > ended)
    ).to_dicts()
    return len(done) == len(days) * len(tables)


def failure_sentence(event: dg.DagsterEvent) -> str:
    """Return why a step failed: its own description if it has one, otherwise only the type of the error."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    return f"{event.step_key}: {data.error.cls_name if data.error else 'failed'}"
