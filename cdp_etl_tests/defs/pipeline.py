"""Pipeline under test: deliver files, materialize assets, query the results."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.checks.load_checks import check_results, load_check_keys
from cdp_etl.defs.keys import asset_key
from cdp_etl.defs.partitions import range_tags
from cdp_etl.entities import BY_NAME
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.dump_pipeline import DumpOutcome, DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.settings import Settings
from cdp_etl.warehouse import ledger

SMS = BY_NAME["sms-interaction"]
FIRST, SECOND, THIRD = (date(2026, 3, day) for day in (1, 2, 3))

Record = Mapping[str, Any]


def sms(record_id: str, day: date, **fields: Any) -> Record:
    """Return a valid SMS interaction at noon of a day."""
    timestamp = datetime.combine(day, time(12), UTC)
    return {
        "id": record_id,
        "phoneNumber": "0986851234",
        "serviceProvider": "SMSGWA",
        "eventAt": int(timestamp.timestamp() * 1000),
        "event": "clicked",
        "internalCompanyId": "ORG1",
        **fields,
    }


@dataclass(frozen=True)
class Pipeline:
    """A pipeline under test, with its own landing folder."""

    settings: Settings
    instance: dg.DagsterInstance

    def deliver(
        self, day: date, records: Iterable[Record], *, entity: Entity = SMS, name: str = "part-1.ndjson"
    ) -> None:
        """Write one file of a dump to the landing folder; replace a file of the same name."""
        self.deliver_bytes(day, "".join(json.dumps(r) + "\n" for r in records).encode(), entity=entity, name=name)

    def deliver_bytes(
        self, day: date, content: bytes, *, entity: Entity = SMS, name: str = "part-1.ndjson"
    ) -> None:
        """Write any bytes to the landing folder."""
        folder = self.settings.data / "landing" / entity.name / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    def load(  # noqa: PLR0913 - the choices in the UI
        self,
        first: date,
        last: date | None = None,
        *,
        entity: Entity = SMS,
        layers: Sequence[Layer] = LOAD_LAYERS,
        tags: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Materialize an entity's assets as from the UI, for a date or a range of dates."""
        days = (
            {"partition_key": first.isoformat(), "tags": dict(tags or {})}
            if last is None
            else {"tags": range_tags(first, last) | dict(tags or {})}
        )
        return self._run("load", days, [asset_key(layer, entity.table) for layer in layers], config, entity)

    def load_without_dagster(self, first: date, last: date | None = None) -> None:
        """Load dumps of SMS interactions for tests of what happens after their loads.

        The instance records nothing of them, and they take a third of the time of a run.
        """
        for number in range(((last or first) - first).days + 1):
            assert self._process(days_later(first, number)).error is None

    def check_load(self, day: date) -> Mapping[str, dg.AssetCheckResult]:
        """Load a dump of SMS interactions and evaluate the checks of its load by name, without a run."""
        outcome = self._process(day)
        keys = load_check_keys([SMS])
        return {str(check.check_name): check for check in check_results(keys, self.settings, SMS, [outcome])}

    def _process(self, day: date) -> DumpOutcome:
        return process_dump(self.settings, DumpRequest(SMS, day, LOAD_LAYERS, force=True), lambda _: None)

    def marts(
        self, first: date, last: date, assets: Sequence[dg.AssetKey] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run the job `marts` for a range of dates; with `assets`, only these."""
        return self._run("marts", {"tags": range_tags(first, last)}, assets, None, None)

    def publish_marts(self) -> None:
        """Refresh and publish the marts without Dagster, which takes a fifth of the time of a run."""
        settings = self.settings
        publish(settings.open_warehouse(), settings.published, settings.mart_settings(), settings.publish_rules())

    def everything(self, first: date, last: date) -> dg.ExecuteInProcessResult:
        """Materialize all assets in one run, like a backfill of the whole graph."""
        return self._run("__ASSET_JOB", {"tags": range_tags(first, last)}, None, None, None)

    def check_everything(self) -> dg.ExecuteInProcessResult:
        """Run the job `check_full`."""
        return self._run("check_full", {}, None, None, None)

    def ledger(self, entity: Entity = SMS) -> list[tuple[date, str]]:
        """Return the newest status of each dump date."""
        return [
            (row["dump_date"], row["status"]) for row in ledger(self.settings.open_warehouse(), entity).to_dicts()
        ]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the warehouse."""
        with self.settings.open_warehouse().reading() as connection:
            return connection.execute(sql).fetchall()

    def materialized(self, layer: Layer, entity: Entity = SMS) -> set[str]:
        """Return the partitions of an asset that Dagster shows as materialized."""
        return self.instance.get_materialized_partitions(asset_key(layer, entity.table))

    def metadata(self, layer: Layer, day: date, entity: Entity = SMS) -> Mapping[str, dg.MetadataValue[Any]]:
        """Return the metadata of the newest materialization of a date."""
        records = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key(layer, entity.table), asset_partitions=[day.isoformat()]), limit=1
        ).records
        materialization = records[0].asset_materialization
        assert materialization is not None
        return materialization.metadata

    @cached_property
    def _definitions(self) -> dg.Definitions:
        return build_definitions(self.settings)

    def _run(
        self,
        job: str,
        days: Mapping[str, Any],
        assets: Sequence[dg.AssetKey] | None,
        config: Mapping[str, Any] | None,
        entity: Entity | None,
    ) -> dg.ExecuteInProcessResult:
        steps = {f"load_{entity.table}": {"config": dict(config)}} if entity and config else {}
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            asset_selection=assets,
            run_config={"ops": steps, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            **days,
        )
        faults = [
            event.step_failure_data.error.to_string()
            for event in result.all_events
            if event.is_step_failure
            and event.step_failure_data.user_failure_data is None
            and event.step_failure_data.error is not None
        ]
        assert not faults, "\n".join(["A dump may fail, but not by an unexpected error:", *faults])
        return result


def days_later(day: date, number: int) -> date:
    """Return the date a number of days later."""
    return day + timedelta(days=number)
