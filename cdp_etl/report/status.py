"""Whether the day is fine: the one sentence at the top, and each thing that a person should look at.

Put here what is good news and what is not. How figures are spelled stands in `wording.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.deliveries import Delivery, Load, usual_volume
from cdp_etl.report.data.report_data import Figures, ReportOptions
from cdp_etl.report.formatting import count, long_day, name, plural, share


class Verdict(Enum):
    """How the day is, as a whole."""

    FINE = "fine"
    LOOK = "worth a look"
    WRONG = "not complete"
    ABSENT = "nothing arrived"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the day is judged to be.

    Attributes:
        verdict: The worst that was found.
        sentence: The one for those who read no further.
        wrong: What is missing, a sentence each: data that should be here is not.
        odd: What is unusual, a sentence each: all is here, but look.
    """

    verdict: Verdict
    sentence: str
    wrong: tuple[str, ...]
    odd: tuple[str, ...]


def judge(figures: Figures, options: ReportOptions) -> Judgement:
    """Judge a day by its figures."""
    deliveries = {entity: figures.of_day(entity) for entity in ENTITIES}
    if not any(deliveries.values()) and options.expected:
        return Judgement(Verdict.ABSENT, _absent(figures), (), ())
    wrong = tuple(
        sentence
        for entity in ENTITIES
        for sentence in _missing(entity, deliveries[entity], is_expected=entity in options.expected)
    )
    odd = tuple(
        sentence
        for entity, delivery in deliveries.items()
        if delivery is not None and delivery.loaded is not None
        for sentence in _unusual(figures, entity, delivery.loaded, options.unusual_quarantine_rate)
    )
    if figures.marts is None:
        odd = (*odd, "The marts have not been made yet, so there are no figures on people, messages and products.")
    elif figures.marts.has_pending:
        odd = (*odd, "The marts have not taken in the newest loads yet; figures on people and products lack them.")
    return _weigh(figures.loads, wrong, odd)


def _weigh(loads: tuple[Load, ...], wrong: tuple[str, ...], odd: tuple[str, ...]) -> Judgement:
    if wrong:
        what = f"The day is not complete: {plural(len(wrong), 'thing is', 'things are')} missing."
        return Judgement(Verdict.WRONG, what, wrong, odd)
    if odd:
        what = f"All is loaded, but {plural(len(odd), 'thing is', 'things are')} worth a look."
        return Judgement(Verdict.LOOK, what, wrong, odd)
    if not loads:
        return Judgement(
            Verdict.FINE, "The day is fine: no dump is expected of it, and none has come.", wrong, odd
        )
    read, refused = sum(load.records_read for load in loads), sum(load.quarantined for load in loads)
    dumps = "the one dump" if len(loads) == 1 else f"all {len(loads)} dumps"
    rest = f"{share(refused, read)} of {count(read)} records were refused" if read else "they hold no records"
    return Judgement(Verdict.FINE, f"The day is fine: {dumps} arrived and are loaded, {rest}.", wrong, odd)


def _absent(figures: Figures) -> str:
    told = f"Nothing has arrived for {long_day(figures.dump_date)}: no dump of that date was loaded or tried."
    earlier = [delivery.dump_date for delivery in figures.deliveries]
    if earlier:
        return f"{told} The newest before it is of {long_day(max(earlier))}."
    return f"{told} Nor was any of the 29 days before."


def _missing(entity: Entity, delivery: Delivery | None, *, is_expected: bool) -> Iterator[str]:
    if delivery is None:
        if is_expected:
            yield f"{name(entity)}: no dump has arrived."
        return
    newest = delivery.newest
    if newest.status in {"loaded", "unchanged"}:
        return
    if newest.status == "empty" and not is_expected and delivery.loaded is None:
        return
    fact = {
        "refused": "the dump was refused",
        "failed": "the dump could not be loaded",
        "empty": "no files were there",
    }[newest.status]
    stays = " What was loaded before stays in place." if delivery.loaded is not None else ""
    yield f"{name(entity)}: {fact}. {newest.reason or ''}".rstrip() + stays


def _unusual(figures: Figures, entity: Entity, load: Load, unusual_rate: float) -> Iterator[str]:
    usual = usual_volume(figures.records_before(entity))
    if usual is not None and not usual.holds(load.records_read):
        how = "few" if load.records_read < usual.least else "many"
        yield (
            f"{name(entity)}: unusually {how} records, {count(load.records_read)};"
            f" a usual day has {count(round(usual.records))}."
        )
    if load.quarantined > unusual_rate * load.records_read:
        yield (
            f"{name(entity)}: {share(load.quarantined, load.records_read)} of the records were refused;"
            f" more than {unusual_rate:.0%} is unusual."
        )
    if load.restored_versions:
        yield (
            f"{name(entity)}: {plural(load.restored_versions, 'record', 'records')} came back in an older version,"
            " since a newer one is no longer in this dump."
        )
