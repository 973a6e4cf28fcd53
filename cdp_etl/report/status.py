"""Status of a day: one sentence at the top of the report, its problems and its warnings."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.deliveries import DumpStatus, LoadCounts, usual_volume
from cdp_etl.report.data.report_data import ReportData
from cdp_etl.report.formatting import count, long_day, name, plural, share
from cdp_etl.report.options import ReportOptions


class DayStatus(Enum):
    """Status of a dump date as a whole."""

    OK = "ok"
    WARNING = "warning"
    INCOMPLETE = "incomplete"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Assessment:
    """Assessment of a dump date.

    Attributes:
        status: The worst that was found.
        sentence: Summary for readers who read no further.
        problems: One sentence for each expected dump that is not loaded.
        warnings: One sentence for each unusual fact about loaded data.
    """

    status: DayStatus
    sentence: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Problem:
    """An expected dump that is not loaded: a key of `_KINDS`, and a sentence."""

    kind: str
    sentence: str


_KINDS: Final = {
    "refused": ("was refused", "were refused"),
    "failed": ("could not be loaded", "could not be loaded"),
    "missing": ("is missing", "are missing"),
}
"""What the summary says of one dump with a kind of problem, and of several; the worst first."""


def assess(report_data: ReportData, options: ReportOptions) -> Assessment:
    """Return the assessment of a day."""
    dumps = {entity: report_data.of_day(entity) for entity in ENTITIES}
    if not any(dumps.values()) and options.expected:
        return Assessment(DayStatus.NO_DATA, _no_data(report_data), (), ())
    problems = tuple(
        problem
        for entity in ENTITIES
        for problem in _problems(entity, dumps[entity], is_expected=entity in options.expected)
    )
    warnings = tuple(
        sentence
        for entity, dump in dumps.items()
        if dump is not None and dump.loaded is not None
        for sentence in _unusual(report_data, entity, dump.loaded, options.unusual_quarantine_rate)
    )
    if report_data.marts is None:
        warnings = (
            *warnings,
            "The marts have not been built yet, so figures on people, messages and products are missing.",
        )
    elif report_data.marts.has_pending:
        warnings = (
            *warnings,
            "The marts have not applied the newest loads yet; figures on people and products do not include them.",
        )
    return _summarized(report_data.loads, problems, warnings)


def _summarized(
    loads: tuple[LoadCounts, ...], problems: tuple[_Problem, ...], warnings: tuple[str, ...]
) -> Assessment:
    if problems:
        sentence = f"The day is incomplete: {_by_kind(problems)}."
        return Assessment(DayStatus.INCOMPLETE, sentence, tuple(p.sentence for p in problems), warnings)
    if warnings:
        sentence = f"All dumps are loaded, with {plural(len(warnings), 'warning', 'warnings')}."
        return Assessment(DayStatus.WARNING, sentence, (), warnings)
    if not loads:
        return Assessment(DayStatus.OK, "No dump is expected on this day, and none was delivered.", (), ())
    read, quarantined = sum(load.records_read for load in loads), sum(load.quarantined for load in loads)
    dumps = "The one dump is" if len(loads) == 1 else f"All {len(loads)} dumps are"
    records = (
        f"{share(quarantined, read)} of {count(read)} records are quarantined" if read else "there are no records"
    )
    return Assessment(DayStatus.OK, f"The day is complete. {dumps} loaded; {records}.", (), ())


def _by_kind(problems: Sequence[_Problem]) -> str:
    """Return how many dumps have each kind of problem: 3 dumps were refused and 2 are missing."""
    counts = Counter(problem.kind for problem in problems)
    parts = [
        f"{count(counts[kind])} {one if counts[kind] == 1 else many}"
        for kind, (one, many) in _KINDS.items()
        if counts[kind]
    ]
    first, space, rest = parts[0].partition(" ")
    parts[0] = f"{first}{space}{'dump' if first == '1' else 'dumps'} {rest}"
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _no_data(report_data: ReportData) -> str:
    sentence = f"No data for {long_day(report_data.dump_date)}: no load of that dump date was attempted."
    earlier = [dump.dump_date for dump in report_data.dumps]
    if earlier:
        return f"{sentence} The newest earlier dump date is {long_day(max(earlier))}."
    return f"{sentence} None was attempted for the 29 days before either."


def _problems(entity: Entity, dump: DumpStatus | None, *, is_expected: bool) -> Iterator[_Problem]:
    if dump is None:
        if is_expected:
            yield _Problem("missing", f"{name(entity)}: no dump was delivered.")
        return
    newest = dump.newest
    if newest.status in {"loaded", "unchanged"}:
        return
    if newest.status == "missing" and not is_expected and dump.loaded is None:
        return
    fact = {
        "refused": "the dump was refused",
        "failed": "the dump could not be loaded",
        "missing": "no files were found",
    }[newest.status]
    earlier = " The earlier load of this dump stays in place." if dump.loaded is not None else ""
    yield _Problem(newest.status, f"{name(entity)}: {fact}. {newest.reason or ''}".rstrip() + earlier)


def _unusual(report_data: ReportData, entity: Entity, load: LoadCounts, unusual_rate: float) -> Iterator[str]:
    if load.findings is not None:
        yield f"{name(entity)}: {load.findings}"
    usual = usual_volume(report_data.records_before(entity))
    if usual is not None and not usual.includes(load.records_read):
        how = "few" if load.records_read < usual.minimum else "many"
        yield (
            f"{name(entity)}: unusually {how} records, {count(load.records_read)};"
            f" a usual day has {count(round(usual.records))}."
        )
    if load.quarantined > unusual_rate * load.records_read:
        yield (
            f"{name(entity)}: {share(load.quarantined, load.records_read)} of the records are quarantined;"
            f" more than {unusual_rate:.0%} is unusual."
        )
    if load.restored_versions:
        yield (
            f"{name(entity)}: {plural(load.restored_versions, 'record was', 'records were')} restored to an older"
            " version, because this dump no longer contains the newer one."
        )
