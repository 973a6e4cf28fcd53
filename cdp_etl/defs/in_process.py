"""The two jobs run in this very process, on the instance whose runs the UI shows.

Put here how a run is made without web server, daemon and queue. Which jobs there are stands in `jobs.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.alerting.run_findings import failure_sentence
from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG, LoadConfig
from cdp_etl.defs.build import build_pipeline
from cdp_etl.defs.jobs import LOAD_JOB, MARTS_JOB, load_keys
from cdp_etl.defs.partitions import dump_dates, range_tags
from cdp_etl.defs.runtime.run_launcher import process_tag
from cdp_etl.errors import CdpEtlError
from cdp_etl.pipeline.dump_pipeline import Say
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.settings import Settings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""What happens stands in the run's events and in the ledger; the terminal is the command's."""


class DayOutOfRangeError(CdpEtlError):
    """A day was asked for that is no dump date."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended.

    Attributes:
        run_id: The run, as the UI and the ledger name it.
        failures: For each step that failed, why, in sentences.
    """

    run_id: str
    failures: Sequence[str]


class InProcess:
    """Runs the jobs, one after the other."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, say: Say) -> None:
        self._settings = settings
        self._instance = instance
        self._definitions = build_pipeline(settings, say)

    def load(
        self,
        entities: Collection[Entity],
        first: date,
        last: date,
        config: LoadConfig,
        layers: Collection[Layer] = LOAD_LAYERS,
    ) -> RunEnd:
        """Load dumps of some entities and a range of days; what is loaded with the same content is passed over.

        Of the layers, one that is left out is taken as it stands: without `landing`, what was pulled before.
        """
        steps = {f"load_{entity.table}": {"config": config.model_dump()} for entity in entities}
        return self._run(
            LOAD_JOB.name,
            range_tags(first, last) | {SKIP_UNCHANGED_TAG: "true"},
            {"ops": steps},
            load_keys(entities, layers),
        )

    def marts(self, first: date, last: date) -> RunEnd:
        """Bring the marts up to all that is loaded, and publish."""
        return self._run(MARTS_JOB.name, range_tags(first, last), {})

    def _run(
        self,
        job: str,
        tags: dict[str, str],
        config: dict[str, object],
        assets: Collection[dg.AssetKey] | None = None,
    ) -> RunEnd:
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self._instance,
            raise_on_error=False,
            tags=tags | process_tag(),
            run_config=config | _QUIET,
            asset_selection=None if assets is None else list(assets),
        )
        return RunEnd(
            result.run_id, [failure_sentence(event) for event in result.filter_events(lambda e: e.is_step_failure)]
        )


def require_dump_dates(settings: Settings, first: date, last: date) -> None:
    """Make sure that a range of days is one of dump dates.

    Raises:
        DayOutOfRangeError: naming the day and the setting.
    """
    known = dump_dates(settings)
    if last < first:
        raise DayOutOfRangeError(f"The last day, {last}, is before the first, {first}.")
    if first < settings.first_dump_date:
        raise DayOutOfRangeError(
            f"{first} is before the first dump date, {settings.first_dump_date}; CDP_ETL_FIRST_DUMP_DATE sets it."
        )
    newest = known.get_last_partition_key()
    if newest is None or last.isoformat() > newest:
        raise DayOutOfRangeError(f"{last} is after today, {newest}, in the time zone {settings.dump_timezone}.")
