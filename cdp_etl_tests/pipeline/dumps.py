"""A pipeline without Dagster: deliver dumps, process them, query the warehouse."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from cdp_etl.entities import BY_NAME
from cdp_etl.pipeline.dump_pipeline import DumpOutcome, DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.settings import Settings

SMS = BY_NAME["sms-interaction"]
DAY = date(2026, 3, 1)


def sms(record_id: str, day: date = DAY, **fields: Any) -> Mapping[str, Any]:
    """Return one valid SMS interaction, at noon of a day."""
    return {
        "id": record_id,
        "phoneNumber": "0986851234",
        "serviceProvider": "SMSGWA",
        "eventAt": int(datetime.combine(day, time(12), UTC).timestamp() * 1000),
        "event": "clicked",
        "internalCompanyId": "ORG1",
        **fields,
    }


@dataclass
class DumpPipeline:
    """A pipeline under test. `progress` contains the reported sentences."""

    settings: Settings
    progress: list[str] = field(default_factory=list)

    def folder(self, day: date) -> Path:
        """Return the folder of the delivered files of a day; create it if it is missing."""
        folder = self.settings.data / "landing" / SMS.name / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def deliver(
        self, records: Iterable[Mapping[str, Any]], day: date = DAY, *, name: str = "part-1.ndjson"
    ) -> None:
        """Deliver one file of a dump; replace a file of the same name."""
        (self.folder(day) / name).write_text("".join(json.dumps(record) + "\n" for record in records))

    def process(
        self, day: date = DAY, *, layers: Collection[Layer] = LOAD_LAYERS, accept_removal: bool = False
    ) -> DumpOutcome:
        """Process the dump of a day."""
        request = DumpRequest(SMS, day, layers, force=False, accept_removal=accept_removal)
        return process_dump(self.settings, request, self.progress.append)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the warehouse."""
        with self.settings.open_warehouse().reading() as connection:
            return connection.execute(sql).fetchall()
