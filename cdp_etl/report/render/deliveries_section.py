"""The section on what arrived: a row for each entity, and the sentences below the table.

Put here how a delivery is told. Whether it is good news stands in `judgement.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.activity import DayTold
from cdp_etl.report.data.deliveries import Delivery, Load, usual_volume
from cdp_etl.report.data.report_data import Figures, ReportOptions
from cdp_etl.report.formatting import clock, count, name, plural, share, short_day, size, unbroken


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row of the table.

    Attributes:
        name: The entity.
        status: What became of its dump, in a few words.
        is_wrong: Whether data that should be here is not.
        load: The load in place, if any.
        usual: How many records a usual day has; a dash where that is not known.
    """

    name: str
    status: str
    is_wrong: bool
    load: Load | None
    usual: str


def arrivals(figures: Figures, options: ReportOptions) -> tuple[Arrival, ...]:
    """Give a row for each entity, in the contract's order."""
    return tuple(_arrival(figures, entity, is_expected=entity in options.expected) for entity in ENTITIES)


def arrival_notes(figures: Figures) -> Iterator[str]:
    """Tell what the table does not: when it happened, and which records were replaced."""
    if figures.marts is not None and figures.marts.days_told:
        yield _when(figures.marts.days_told)
    superseded = sum(load.superseded for load in figures.loads)
    if superseded:
        replaced = plural(superseded, "record was", "records were")
        yield f"{replaced} replaced by a later one with the same key in the same dump."


def _arrival(figures: Figures, entity: Entity, *, is_expected: bool) -> Arrival:
    delivery = figures.of_day(entity)
    usual = usual_volume(figures.records_before(entity))
    load = None if delivery is None else delivery.loaded
    status, is_wrong = _status(delivery, is_expected=is_expected)
    return Arrival(name(entity), status, is_wrong, load, "–" if usual is None else count(round(usual.records)))  # noqa: RUF001 - a dash


def _status(delivery: Delivery | None, *, is_expected: bool) -> tuple[str, bool]:
    if delivery is None:
        return ("has not arrived", True) if is_expected else ("not expected on this day", False)
    load, newest = delivery.loaded, delivery.newest
    if newest.status in {"loaded", "unchanged"} and load is not None:
        files, delivered = unbroken(plural(load.files, "file", "files")), unbroken(size(load.bytes))
        return f"loaded {clock(load.finished_at)} · {files}, {delivered}", False
    if newest.status == "empty" and load is None and not is_expected:
        return "not expected on this day", False
    told = {"refused": "refused", "failed": "could not be loaded", "empty": "no files were there"}[newest.status]
    return (told if load is None else f"{told}; an earlier load stays"), True


def _when(days: tuple[DayTold, ...]) -> str:
    total = sum(day.record_count for day in days)
    most = max(days, key=lambda day: (day.record_count, day.activity_date))
    part = share(most.record_count, total)
    told = f"{part} of what these dumps tell happened on {short_day(most.activity_date)}"
    if days[0].activity_date < most.activity_date:
        return f"{told}; the earliest of it on {short_day(days[0].activity_date)}."
    return f"{told}."
