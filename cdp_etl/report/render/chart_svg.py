"""Charts of the report, with title and caption, drawn to SVG in this process, without browser or network.

Mail programs that show no SVG still show title and caption.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

import vl_convert

from cdp_etl.report.data.report_data import MartData, ReportData
from cdp_etl.report.formatting import CHANNELS, count, share, short_day
from cdp_etl.report.render import chart_specs
from cdp_etl.report.render.chart_specs import Spec
from cdp_etl.report.render.html import Chart

_NO_LEGEND: Final[Mapping[str, str]] = {}
_SIZE: Final = re.compile(r' width="(?P<width>\d+)" height="\d+"')


def draw_charts(report_data: ReportData, unusual_quarantine_rate: float) -> tuple[Chart, ...]:
    """Return the charts for which there is data."""
    return tuple(_drawn(report_data, unusual_quarantine_rate))


def _drawn(report_data: ReportData, unusual_quarantine_rate: float) -> Iterator[Chart]:
    if any(dump.loaded for dump in report_data.dumps):
        yield _chart(
            "records-received",
            "Records received, by dump date",
            f"{count(sum(load.records_read for load in report_data.loads))} on this day, the dark bars. Red:"
            " quarantined; a red cross: no load. Each panel has its own scale.",
            chart_specs.records_received(report_data),
        )
        yield _chart(
            "share-quarantined",
            "Share of quarantined records",
            f"{_shares_sentence(report_data)}. Above the dashed line ({unusual_quarantine_rate:.0%}) the report"
            " warns.",
            chart_specs.share_quarantined(report_data, unusual_quarantine_rate),
        )
    if report_data.marts is not None and report_data.marts.interactions:
        yield _chart(
            "interactions",
            "Interactions by activity date",
            f"{count(report_data.marts.interaction_count)} on {short_day(report_data.marts.day)}. The last days"
            " may still increase: late events are counted on the day they happened.",
            chart_specs.interactions(report_data.marts),
            chart_specs.GROUP_COLOURS,
        )
    if report_data.marts is not None and report_data.marts.recipients:
        yield _chart(
            "recipients",
            "Recipients of messages by day",
            f"Distinct recipients. {_recipients_sentence(report_data.marts)}",
            chart_specs.recipients(report_data.marts),
            chart_specs.STEP_COLOURS,
        )


def _shares_sentence(report_data: ReportData) -> str:
    loads = [dump.loaded for dump in report_data.dumps if dump.loaded]
    today, month = (
        share(sum(load.quarantined for load in some), sum(load.records_read for load in some))
        for some in (report_data.loads, loads)
    )
    return f"{today} on this day, {month} over the 30 days"


def _recipients_sentence(marts: MartData) -> str:
    sent = [
        f"{CHANNELS[row.channel]} sent to {count(row.recipient_count)}"
        for row in marts.recipients
        if (row.activity_date, row.step) == (marts.day, "sent")
    ]
    return f"On {short_day(marts.day)}: {', '.join(sent)}." if sent else ""


def _chart(
    name_in_page: str, title: str, caption: str, spec: Spec, legend: Mapping[str, str] = _NO_LEGEND
) -> Chart:
    svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])
    return Chart(name_in_page, title, caption, *_fluid(svg, f"{title}. {caption}"), legend)


def _fluid(svg: str, label: str) -> tuple[str, int]:
    """Return the drawing, labelled and shrinking with its column, and its natural width."""
    sized = _SIZE.search(svg)
    assert sized is not None  # noqa: S101 - every drawing of Vega has its size
    role = f' role="img" aria-label="{escape(label)}" style="display:block;width:100%;height:auto"'
    return svg[: sized.start()] + role + svg[sized.end() :], int(sized["width"])
