"""The page: figures and judgement into one self-contained piece of HTML.

Put here what the page's parts are made of. Its layout stands in `page.html.jinja`, its looks in `styles.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from cdp_etl.report import formatting
from cdp_etl.report.data.rejections import Count, TotalCount, totals
from cdp_etl.report.data.report_data import Figures, ReportOptions
from cdp_etl.report.render.chart_svg import Plot
from cdp_etl.report.render.deliveries_section import arrival_notes, arrivals
from cdp_etl.report.render.funnels_section import funnel_views
from cdp_etl.report.render.styles import STYLES, verdict_style
from cdp_etl.report.status import Judgement, Verdict

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
            longest_sentence=formatting.LONGEST_SENTENCE,
            title=f"Customer data report, {formatting.long_day(figures.dump_date)}",
            day=formatting.long_day(figures.dump_date),
            date=figures.dump_date.isoformat(),
            judgement=judgement,
            verdict_style=verdict_style(judgement.verdict),
            tiles=() if is_absent else tuple(_tiles(figures)),
            arrivals=() if is_absent else arrivals(figures, options),
            arrival_notes=tuple(arrival_notes(figures)),
            reasons=_cut(figures.reasons, _MOST_REASONS),
            warnings=_cut(figures.warnings, _MOST_WARNINGS),
            plots=plots,
            told_day=formatting.short_day(marts.day) if marts is not None else "",
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
    yield Tile(formatting.count(read), "records received")
    yield Tile(formatting.share(refused, read), f"refused: {formatting.plural(refused, 'record', 'records')}")
    if figures.marts is not None:
        day = formatting.short_day(figures.marts.day)
        yield Tile(formatting.count(figures.marts.interaction_count), f"interactions on {day}")
        yield Tile(formatting.count(figures.marts.customer_count), f"customers dealt with a product on {day}")


def _cut(counts: Sequence[Count], most: int) -> Shown | None:
    added = totals(counts)
    if not added:
        return None
    rest = len(added) - most
    more = f"And {formatting.plural(rest, 'other', 'others')}, none of them commoner." if rest > 0 else ""
    return Shown(added[:most], more)


def _by_entity(total: TotalCount) -> str:
    if len(total.by_entity) == 1:
        return formatting.name_of_table(total.by_entity[0].entity)
    return ", ".join(
        f"{formatting.name_of_table(c.entity)} {formatting.count(c.record_count)}" for c in total.by_entity
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cdp_etl.report", package_path=""), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "count": formatting.count,
        "signed": formatting.signed,
        "share": formatting.share,
        "shown": formatting.shown,
        "by_entity": _by_entity,
    }
    return environment
