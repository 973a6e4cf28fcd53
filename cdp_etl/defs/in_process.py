"""Execution of the jobs `load` and `marts` in the current process, without web server, daemon and queue.

The runs are recorded in the Dagster instance, so the UI shows them.
"""

import getpass
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.alerting.run_findings import failure_sentence, is_in_ledger
from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG, LoadConfig
from cdp_etl.defs.build import build_pipeline
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.keys import REPORT, SNAPSHOT
from cdp_etl.defs.partitions import dump_dates, range_tags
from cdp_etl.defs.runtime.run_launcher import free_slots_of_ended_runs, process_tag
from cdp_etl.errors import UsageError
from cdp_etl.marts.errors import MartError
from cdp_etl.marts.snapshot.publish import is_published
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.pipeline.unapplied_loads import find_unapplied_loads
from cdp_etl.report.errors import is_report_installed
from cdp_etl.settings import Settings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Silences Dagster's console: the terminal belongs to the command, and the run's events have the details."""


DUMP_DATES_TAG = "cdp_etl/dump_dates"
"""On runs of commands: the dump dates, which Dagster's UI does not show in its list for a range."""
_USER_TAG = "user"  # Dagster's UI shows it as "Launched by"


class DateOutOfRangeError(UsageError):
    """A requested date is outside the range of dump dates."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Result of a run.

    Attributes:
        run_id: Id of the run, also in the UI and the ledger.
        failures: The reason of each failed step.
        unrecorded: Those of them that the ledger does not have.
    """

    run_id: str
    failures: Sequence[str]
    unrecorded: Sequence[str] = ()


class InProcessJobs:
    """Executes the jobs one after the other."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, report_progress: ReportProgress) -> None:
        self._settings = settings
        self._instance = instance
        self._definitions = build_pipeline(settings, report_progress)

    def load(
        self,
        entities: Collection[Entity],
        first: date,
        last: date,
        config: LoadConfig,
        layers: Collection[Layer] = LOAD_LAYERS,
    ) -> RunResult:
        """Load the dumps of some entities and a range of dates. Dumps with unchanged content are skipped.

        A layer that is not in `layers` is not materialized again: without `landing`, earlier pulls are used.
        """
        steps = {f"load_{entity.table}": {"config": config.model_dump()} for entity in entities}
        return self._run(
            LOAD_JOB.name,
            _tags(first, last) | {SKIP_UNCHANGED_TAG: "true"},
            {"ops": steps},
            load_keys(entities, layers),
        )

    def refresh_marts(self, first: date, last: date) -> RunResult:
        """Apply all loads to the marts, publish the snapshot, and write the reports of the dates.

        If the snapshot has all loads already, only the reports are written, where that is possible. A run of all
        steps would record some hundred events that say so, and cost most of the CPU of an unchanged day.
        """
        is_report_alone = is_report_installed() and self._has_applied_all()
        return self._run(MARTS_JOB.name, _tags(first, last), {}, [REPORT] if is_report_alone else None)

    def _has_applied_all(self) -> bool:
        """Return whether the published snapshot has all loads, and the UI shows that it was published."""
        settings = self._settings
        warehouse = settings.open_warehouse()
        try:
            return (
                self._instance.get_latest_materialization_event(SNAPSHOT) is not None
                and find_unapplied_loads(warehouse, settings.published) is None
                and is_published(warehouse, settings.published, settings.mart_settings(), settings.publish_rules())
            )
        except MartError:
            return False  # the step that publishes fails with it, which the run records

    def _run(
        self,
        job: str,
        tags: dict[str, str],
        config: dict[str, object],
        assets: Collection[dg.AssetKey] | None = None,
    ) -> RunResult:
        free_slots_of_ended_runs(self._instance)
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self._instance,
            raise_on_error=False,
            tags=tags | process_tag(),
            run_config=config | _QUIET,
            asset_selection=None if assets is None else list(assets),
        )
        failed = result.filter_events(lambda event: event.is_step_failure)
        return RunResult(
            result.run_id,
            [failure_sentence(event) for event in failed],
            [failure_sentence(event) for event in failed if not is_in_ledger(event)],
        )


def _tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run of a command: dump dates, for Dagster and for people, and the user."""
    shown = f"{first}" if first == last else f"{first} to {last}"
    return {**range_tags(first, last), DUMP_DATES_TAG: shown, _USER_TAG: _user()}


def _user() -> str:
    """Return the name of the user that runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no entry in /etc/passwd
        return f"uid {os.getuid()}"


def require_dump_dates(settings: Settings, first: date, last: date) -> None:
    """Raise an error unless both dates are dump dates.

    Raises:
        DateOutOfRangeError: If a date is out of range; the message names the date and the setting.
    """
    known = dump_dates(settings)
    if last < first:
        raise DateOutOfRangeError(f"The last day, {last}, is before the first, {first}.")
    if first < settings.first_dump_date:
        raise DateOutOfRangeError(
            f"{first} is before the first dump date, {settings.first_dump_date}; CDP_ETL_FIRST_DUMP_DATE sets it."
        )
    newest = known.get_last_partition_key()
    if newest is None or last.isoformat() > newest:
        raise DateOutOfRangeError(f"{last} is after today, {newest}, in the time zone {settings.dump_timezone}.")
