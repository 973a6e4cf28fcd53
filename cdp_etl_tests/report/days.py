"""Test warehouses of the report, filled by real loads and real mart runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdp_etl.contract.entity import Entity
from cdp_etl.marts.models.segment_member import SEGMENT_DAILY
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.settings import MartSettings
from cdp_etl.report.data.report_data import MARTS_READ
from cdp_etl.report.options import ReportOptions
from cdp_etl.warehouse import LoadResult, Warehouse, load_dump
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, SMS, day, make_record
from cdp_etl_tests.warehouse.dumps import File, write_dump

LAST = 15
"""Last day of the worked example: 2026-03-15, a Sunday."""

EXPECTED = ReportOptions(expected=(ACTIVITY, EMAIL, SMS))


@dataclass(frozen=True)
class ReportWarehouse:
    """A warehouse, and the lake that its dumps are loaded from."""

    folder: Path

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return Warehouse(
            self.folder / "cdp.duckdb",
            lock_timeout_seconds=10,
            memory_limit="1GiB",
            threads=1,
            business_timezone="UTC",
        )

    def open(self) -> None:
        """Create the warehouse, empty."""
        with self.warehouse.writing():
            pass

    def load(  # noqa: PLR0913 - properties of a dump
        self,
        entity: Entity,
        dump_day: int,
        records: Sequence[Mapping[str, Any]],
        *,
        max_quarantine_rate: float = 1.0,
        superseded: int = 0,
        quarantined: int = 0,
        findings: Sequence[str] = (),
    ) -> LoadResult:
        """Load a dump of an entity, replacing the dump of that day."""
        dump = write_dump(
            self.folder / "lake",
            entity,
            day(dump_day),
            records,
            superseded=superseded,
            quarantined=quarantined,
        )
        return load_dump(
            self.warehouse,
            entity,
            replace(dump, findings=findings),
            [File("part-1.ndjson")],
            max_quarantine_rate=max_quarantine_rate,
            force=False,
            run_id=None,
        )

    def refresh_marts(self, segments: Mapping[str, str] | None = None) -> None:
        """Refresh the marts that the report reads, with their upstream marts; with segments also their log."""
        marts = (*MARTS_READ, SEGMENT_DAILY) if segments else MARTS_READ
        refresh_marts(self.warehouse, MartSettings(segments=segments or {}), marts)


def fill_fortnight(report_warehouse: ReportWarehouse) -> None:
    """Load the worked example, days 2 to 15, and refresh the marts. The dump date to report on is the last day.

    Each day one customer views the lamp. In the first week four view the chair, in the second three view the
    table. On the last day there are e-mails and SMS, and some records are quarantined.
    """
    for number in range(2, LAST + 1):
        seen = [("S1", "Lamp", 1), ("S2", "Chair", 4) if number <= 8 else ("S3", "Table", 3)]
        looks = [
            make_record(
                ACTIVITY,
                f"{number}-{sku}-{one}",
                number,
                identifiers=[f"c:{one}"],
                product_sku=sku,
                product_name=called,
            )
            for sku, called, times in seen
            for one in range(times)
        ]
        is_last = number == LAST
        report_warehouse.load(ACTIVITY, number, looks, quarantined=2 * is_last, superseded=int(is_last))
    sent = "sent a, sent b, sent c, sent d, bounced d"
    read = "opened a, opened a, opened b, clicked a, clicked b, clicked z"
    report_warehouse.load(EMAIL, LAST, _messages(EMAIL, "e", f"{sent}, {read}"))
    report_warehouse.load(SMS, LAST, _messages(SMS, "p", "sent 1, sent 2, clicked 1"))
    report_warehouse.refresh_marts()


def _messages(entity: Entity, prefix: str, events: str) -> list[dict[str, Any]]:
    return [
        make_record(entity, f"{number}", LAST, identifiers=[f"{prefix}:{name}"], event=event)
        for number, (event, name) in enumerate(entry.split() for entry in events.split(","))
    ]
