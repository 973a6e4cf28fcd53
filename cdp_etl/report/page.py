"""The page: figures and judgement into one self-contained piece of HTML.

Put here what the page's parts are made of. Its layout stands in `page.html.jinja`, its looks in `styles.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from cdp_etl.report import wording
from cdp_etl.report.arrivals import arrival_notes, arrivals
from cdp_etl.report.figures import Figures, ReportOptions
from cdp_etl.report.funnels import funnel_views
from cdp_etl.report.judgement import Judgement, Verdict
from cdp_etl.report.plots import Plot
from cdp_etl.report.refusals import Count, TotalCount, totals
from cdp_etl.report.styles import STYLES, verdict_style

_MOST_REASONS: Final = 8
_MOST_WARNINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that is worth large letters."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The first rows of a list that may be long, and a sentence on the rest; empty where nothing is left out."""

    shown: Sequence[TotalCount]
    more: str


def render_page(figures: Figures, judgement: Judgement, plots: Sequence[Plot], options: ReportOptions) -> str:
    """Give the page; every delivered text in it is escaped, and cut where it is long."""
    marts = figures.marts
    told = marts if marts is not None and marts.interactions else None
    is_absent = judgement.verdict is Verdict.ABSENT
    companies = set() if told is None else {row.company_id for row in (*told.products.top, *told.products.rising)}
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            style=STYLES,
            longest_sentence=wording.LONGEST_SENTENCE,
            title=f"Customer data report, {wording.long_day(figures.dump_date)}",
            day=wording.long_day(figures.dump_date),
            date=figures.dump_date.isoformat(),
            judgement=judgement,
            verdict_style=verdict_style(judgement.verdict),
            tiles=() if is_absent else tuple(_tiles(figures)),
            arrivals=() if is_absent else arrivals(figures, options),
            arrival_notes=tuple(arrival_notes(figures)),
            reasons=_cut(figures.reasons, _MOST_REASONS),
            warnings=_cut(figures.warnings, _MOST_WARNINGS),
            plots=plots,
            told_day=wording.short_day(marts.day) if marts is not None else "",
            funnels=funnel_views(told, can_compare_weeks=told.can_compare_weeks) if told else (),
            products=told.products if told else None,
            can_compare_weeks=told is not None and told.can_compare_weeks,
            identity_changes=tuple(told.identity_changes.sentences()) if told else (),
            companies_differ=len(companies) > 1,
            load_seq=figures.load_seq,
            business_timezone=figures.business_timezone,
        )
    )


def _tiles(figures: Figures) -> Iterator[Tile]:
    read = sum(load.records_read for load in figures.loads)
    refused = sum(load.quarantined for load in figures.loads)
    yield Tile(wording.count(read), "records received")
    yield Tile(wording.share(refused, read), f"refused: {wording.plural(refused, 'record', 'records')}")
    if figures.marts is not None:
        day = wording.short_day(figures.marts.day)
        yield Tile(wording.count(figures.marts.interaction_count), f"interactions on {day}")
        yield Tile(wording.count(figures.marts.customer_count), f"customers dealt with a product on {day}")


def _cut(counts: Sequence[Count], most: int) -> Shown | None:
    added = totals(counts)
    if not added:
        return None
    rest = len(added) - most
    more = f"And {wording.plural(rest, 'other', 'others')}, none of them commoner." if rest > 0 else ""
    return Shown(added[:most], more)


def _by_entity(total: TotalCount) -> str:
    if len(total.by_entity) == 1:
        return wording.name_of_table(total.by_entity[0].entity)
    return ", ".join(f"{wording.name_of_table(c.entity)} {wording.count(c.record_count)}" for c in total.by_entity)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cdp_etl.report", package_path=""), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "count": wording.count,
        "signed": wording.signed,
        "share": wording.share,
        "shown": wording.shown,
        "by_entity": _by_entity,
    }
    return environment
