"""The plots of the report: each chart with its words, drawn to SVG in this process, without browser or network.

Mail programs that show no SVG still show the words. Put here which plots there are and what is told beside them;
what a chart shows stands in `charts.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

import vl_convert

from cdp_etl.report.data.report_data import Figures, Marts
from cdp_etl.report.formatting import CHANNELS, count, share, short_day
from cdp_etl.report.render import chart_specs
from cdp_etl.report.render.chart_specs import Spec

_SIZE: Final = re.compile(r' width="(?P<width>\d+)" height="\d+"')


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, ready for the page.

    Attributes:
        name: What it is called in the page's source.
        title: What it shows, as a heading.
        caption: How to read it, in a sentence.
        svg: The drawing.
        width: Its natural width in CSS pixels.
    """

    name: str
    title: str
    caption: str
    svg: str
    width: int


def draw_plots(figures: Figures, unusual_quarantine_rate: float) -> tuple[Plot, ...]:
    """Draw what there are figures for."""
    return tuple(_drawn(figures, unusual_quarantine_rate))


def _drawn(figures: Figures, unusual_quarantine_rate: float) -> Iterator[Plot]:
    if any(delivery.loaded for delivery in figures.deliveries):
        yield _plot(
            "records-received",
            "Records received, by dump date",
            f"{count(sum(load.records_read for load in figures.loads))} on this day, the dark bars. Red: refused;"
            " a red cross: nothing is loaded. Each panel has its own scale.",
            chart_specs.records_received(figures),
        )
        yield _plot(
            "share-refused",
            "Share of records refused",
            f"{_shares_told(figures)}. Above the dashed line ({unusual_quarantine_rate:.0%}) a dump is worth"
            " a look.",
            chart_specs.share_refused(figures, unusual_quarantine_rate),
        )
    if figures.marts is not None and figures.marts.interactions:
        yield _plot(
            "interactions",
            "Interactions, by the day they happened",
            f"{count(figures.marts.interaction_count)} on {short_day(figures.marts.day)}. The last days still"
            " grow: late events are counted on the day they happened.",
            chart_specs.interactions(figures.marts),
        )
    if figures.marts is not None and figures.marts.recipients:
        yield _plot(
            "recipients",
            "People reached by messages, by day",
            f"Distinct recipients. {_sendings_told(figures.marts)}",
            chart_specs.recipients(figures.marts),
        )


def _shares_told(figures: Figures) -> str:
    loads = [delivery.loaded for delivery in figures.deliveries if delivery.loaded]
    today, month = (
        share(sum(load.quarantined for load in some), sum(load.records_read for load in some))
        for some in (figures.loads, loads)
    )
    return f"{today} on this day, {month} over the 30 days"


def _sendings_told(marts: Marts) -> str:
    sent = [
        f"{CHANNELS[row.channel]} sent to {count(row.recipient_count)}"
        for row in marts.recipients
        if (row.activity_date, row.step) == (marts.day, "sent")
    ]
    return f"On {short_day(marts.day)}: {', '.join(sent)}." if sent else ""


def _plot(name_in_page: str, title: str, caption: str, spec: Spec) -> Plot:
    svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])
    return Plot(name_in_page, title, caption, *_fluid(svg, f"{title}. {caption}"))


def _fluid(svg: str, label: str) -> tuple[str, int]:
    """Let a drawing shrink with its column but not grow, and say in words what it is; give its width too."""
    sized = _SIZE.search(svg)
    assert sized is not None  # noqa: S101 - every drawing of Vega bears its size
    role = f' role="img" aria-label="{escape(label)}" style="display:block;width:100%;height:auto"'
    return svg[: sized.start()] + role + svg[sized.end() :], int(sized["width"])
