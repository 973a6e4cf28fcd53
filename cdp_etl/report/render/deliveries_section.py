"""Section on deliveries: one row for each entity, and the notes below the table."""

from collections.abc import Iterator
from dataclasses import dataclass

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.activity import RecordsOnDay
from cdp_etl.report.data.deliveries import DumpStatus, LoadCounts, usual_volume
from cdp_etl.report.data.report_data import ReportData
from cdp_etl.report.formatting import clock, count, name, plural, share, short_day, size, unbroken
from cdp_etl.report.options import ReportOptions


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A row of the table.

    Attributes:
        name: The entity.
        status: Status of its dump, in a few words.
        is_problem: Whether expected data is not loaded.
        load: The load in place; None if there is none.
        usual: Usual number of records; a dash if it is not known.
    """

    name: str
    status: str
    is_problem: bool
    load: LoadCounts | None
    usual: str


def delivery_rows(report_data: ReportData, options: ReportOptions) -> tuple[DeliveryRow, ...]:
    """Return one row for each entity, in the contract's order."""
    return tuple(_row(report_data, entity, is_expected=entity in options.expected) for entity in ENTITIES)


def delivery_notes(report_data: ReportData) -> Iterator[str]:
    """Yield the notes: when the events happened, how many were superseded, and which words have no type."""
    if report_data.marts is not None and report_data.marts.activity_days:
        yield _activity_note(report_data.marts.activity_days)
    superseded = sum(load.superseded for load in report_data.loads)
    if superseded:
        replaced = plural(superseded, "record was", "records were")
        yield f"{replaced} superseded by a later one with the same key in the same dump."
    for entity, unmapped in report_data.unmapped_events:
        yield f"{name(entity)}: {unmapped.sentence}"


def _row(report_data: ReportData, entity: Entity, *, is_expected: bool) -> DeliveryRow:
    dump = report_data.of_day(entity)
    usual = usual_volume(report_data.records_before(entity))
    load = None if dump is None else dump.loaded
    status, is_problem = _status(dump, report_data.business_timezone, is_expected=is_expected)
    volume = "–" if usual is None else count(round(usual.records))  # noqa: RUF001 - a dash
    return DeliveryRow(name(entity), status, is_problem, load, volume)


def _status(dump: DumpStatus | None, timezone: str, *, is_expected: bool) -> tuple[str, bool]:
    if dump is None:
        return ("not delivered", True) if is_expected else ("not expected on this day", False)
    load, newest = dump.loaded, dump.newest
    if newest.status in {"loaded", "unchanged"} and load is not None:
        files, delivered = unbroken(plural(load.files, "file", "files")), unbroken(size(load.bytes))
        return f"loaded {clock(load.finished_at, timezone)} · {files}, {delivered}", False
    if newest.status == "missing" and load is None and not is_expected:
        return "not expected on this day", False
    text = {"refused": "refused", "failed": "could not be loaded", "missing": "no files were found"}[newest.status]
    return (text if load is None else f"{text}; an earlier load stays in place"), True


def _activity_note(days: tuple[RecordsOnDay, ...]) -> str:
    total = sum(day.record_count for day in days)
    most = max(days, key=lambda day: (day.record_count, day.activity_date))
    part = share(most.record_count, total)
    note = f"{part} of the events in these dumps happened on {short_day(most.activity_date)}"
    if days[0].activity_date < most.activity_date:
        return f"{note}; the earliest on {short_day(days[0].activity_date)}."
    return f"{note}."
