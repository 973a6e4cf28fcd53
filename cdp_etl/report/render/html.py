"""Rendering of the page: figures and assessment as self-contained HTML. `page.html.jinja` has the layout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from cdp_etl.report import formatting
from cdp_etl.report.data.rejections import ReasonCount, ReasonTotal, totals
from cdp_etl.report.data.report_data import ReportData
from cdp_etl.report.options import ReportOptions
from cdp_etl.report.render.deliveries_section import delivery_notes, delivery_rows
from cdp_etl.report.render.funnels_section import funnel_views
from cdp_etl.report.render.styles import STYLE_SHEET, STYLES, status_style
from cdp_etl.report.status import Assessment, DayStatus

_MAX_REASONS: Final = 8
_MAX_WARNINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready for the page.

    Attributes:
        name: Name in the page's source.
        title: What it shows, as a heading.
        caption: How to read it, in a sentence.
        svg: The drawing.
        width: Natural width in CSS pixels.
        legend: Colour of each name, if the caption does not explain the colours.
    """

    name: str
    title: str
    caption: str
    svg: str
    width: int
    legend: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure, shown in large type."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class TruncatedList:
    """The first rows of a list, and a sentence on the rest, which is empty if no row is omitted."""

    rows: Sequence[ReasonTotal]
    more: str


def render_page(
    report_data: ReportData, assessment: Assessment, charts: Sequence[Chart], options: ReportOptions
) -> str:
    """Return the page. Every delivered text is escaped, and shortened if it is long."""
    marts = report_data.marts
    active = marts if marts is not None and marts.interactions else None
    has_no_data = assessment.status is DayStatus.NO_DATA
    companies = (
        set() if active is None else {row.company_id for row in (*active.products.top, *active.products.rising)}
    )
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            style=STYLES,
            style_sheet=STYLE_SHEET,
            max_sentence=formatting.MAX_SENTENCE,
            title=f"Customer data report, {formatting.long_day(report_data.dump_date)}",
            day=formatting.long_day(report_data.dump_date),
            date=report_data.dump_date.isoformat(),
            assessment=assessment,
            status_style=status_style(assessment.status),
            tiles=() if has_no_data else tuple(_tiles(report_data)),
            delivery_rows=() if has_no_data else delivery_rows(report_data, options),
            delivery_notes=tuple(delivery_notes(report_data)),
            reasons=_truncated(report_data.reasons, _MAX_REASONS),
            warnings=_truncated(report_data.warnings, _MAX_WARNINGS),
            charts=charts,
            main_day=formatting.short_day(marts.day) if marts is not None else "",
            funnels=funnel_views(active, can_compare_weeks=active.can_compare_weeks) if active else (),
            products=active.products if active else None,
            can_compare_weeks=active is not None and active.can_compare_weeks,
            sales=active.sales if active and active.sales.has_any else None,
            segments=active.segments if active else (),
            identity_changes=tuple(active.identity_changes.sentences()) if active else (),
            companies_differ=len(companies) > 1,
            load_seq=report_data.load_seq,
            business_timezone=report_data.business_timezone,
        )
    )


def _tiles(report_data: ReportData) -> Iterator[Tile]:
    read = sum(load.records_read for load in report_data.loads)
    quarantined = sum(load.quarantined for load in report_data.loads)
    yield Tile(formatting.count(read), "records received")
    yield Tile(
        formatting.share(quarantined, read), f"quarantined: {formatting.plural(quarantined, 'record', 'records')}"
    )
    if report_data.marts is not None:
        day = formatting.short_day(report_data.marts.day)
        yield Tile(formatting.count(report_data.marts.interaction_count), f"interactions on {day}")
        yield Tile(
            formatting.count(report_data.marts.customer_count), f"customers with product interactions on {day}"
        )
        if report_data.marts.sales.has_any:
            yield Tile(formatting.money(report_data.marts.sales.day.revenue), f"revenue on {day}")
        if report_data.unmapped_events:
            events = sum(unmapped.event_count for _, unmapped in report_data.unmapped_events)
            yield Tile(formatting.count(events), "unmapped event" if events == 1 else "unmapped events")


def _truncated(counts: Sequence[ReasonCount], max_rows: int) -> TruncatedList | None:
    added = totals(counts)
    if not added:
        return None
    rest = len(added) - max_rows
    more = f"And {formatting.plural(rest, 'other', 'others')}, none more frequent." if rest > 0 else ""
    return TruncatedList(added[:max_rows], more)


def _by_entity(total: ReasonTotal) -> str:
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
        "money": formatting.money,
        "signed": formatting.signed,
        "share": formatting.share,
        "display_text": formatting.display_text,
        "by_entity": _by_entity,
    }
    return environment
