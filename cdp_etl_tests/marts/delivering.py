"""Delivered lines in a real warehouse: written as files, normalized and loaded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME
from cdp_etl.marts.settings import MartSettings
from cdp_etl.normalize import normalize_dump
from cdp_etl.warehouse import LoadResult, load_dump
from cdp_etl_tests.marts.loading import Loader
from cdp_etl_tests.warehouse.dumps import File

Delivered = Mapping[str, Any]
"""One record as the source system delivers it, by contract names."""


@dataclass(frozen=True)
class Deliverer:
    """Warehouse of one test, and the lake that its dumps are normalized into."""

    folder: Path
    settings: MartSettings = field(default_factory=MartSettings)

    @property
    def loader(self) -> Loader:
        """The warehouse."""
        return Loader(self.folder, self.settings)

    def deliver(self, entity: str, dump_date: date, records: Sequence[Delivered]) -> LoadResult:
        """Load a dump of one file; it replaces the dump of the same day."""
        lines = "".join(f"{json.dumps(record)}\n" for record in records)
        return self.deliver_text(entity, dump_date, lines)

    def deliver_text(self, entity: str, dump_date: date, lines: str) -> LoadResult:
        """Load a dump of one file with the given lines."""
        zone = self.folder / "zone"
        zone.mkdir(parents=True, exist_ok=True)
        (zone / "part-1.ndjson").write_text(lines, encoding="utf-8")
        file = File("part-1.ndjson", len(lines.encode()), hashlib.sha256(lines.encode()).hexdigest())
        dump = normalize_dump(
            BY_NAME[entity], dump_date, zone, [file], self.folder / "lake", NormalizationSettings(), workers=1
        )
        return load_dump(
            self.loader.warehouse,
            BY_NAME[entity],
            dump,
            [file],
            max_quarantine_rate=1.0,
            force=True,
            run_id=None,
        )
