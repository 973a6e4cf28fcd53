"""Charts of the report as Vega-Lite specifications, built with Altair.

Each is at most 340 px wide, so that a phone shows it without shrinking its labels. `chart_svg.py` draws them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import altair as alt
import polars as pl

from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.report_data import DAYS_SHOWN, MartData, ReportData
from cdp_etl.report.formatting import CHANNELS, name, short_day

Spec = dict[str, Any]
"""A chart in Vega-Lite."""

FONT: Final = "Helvetica, Arial, sans-serif"
"""Fonts that every system has or substitutes; none is loaded."""

_INK, _FAINT, _LINES = "#1f2933", "#5b6774", "#e4e8ec"
_BLUE, _PALE_BLUE, _RED, _GREEN, _AMBER, _VIOLET = (
    "#1f5fa8", "#9dbfe3", "#c2382b", "#2f7d4f", "#d08a1d", "#7a5aa6"
)  # fmt: skip # one palette
_WIDTH: Final = 285
_SMALL_WIDTH, _SMALL_HEIGHT = 118, 50
_Y_LABELS_WIDTH: Final = 36
"""Space for the labels of every y axis, so that panels with other numbers begin at the same place."""
_TITLE_GAP: Final = 9
_LABEL_INTERVAL: Final = 7
_SMALL_LABEL_INTERVAL: Final = 28

GROUP_OF_KIND: Final = {
    "activity": "Product activity",
    "comment": "Comments and reviews",
    "review": "Comments and reviews",
    "subscribe": "Subscriptions",
    "unsubscribe": "Subscriptions",
    "email": "E-mail",
    "sms": "SMS",
}
"""Kinds of interactions, as the chart groups them."""

GROUP_COLOURS: Final = dict(
    zip(dict.fromkeys(GROUP_OF_KIND.values()), (_BLUE, _AMBER, _GREEN, _VIOLET, _PALE_BLUE), strict=True)
)
"""Legend of the chart of interactions."""
STEP_COLOURS: Final = {"sent": _PALE_BLUE, "opened": _BLUE, "clicked": _AMBER}
"""Legend of the chart of recipients."""

_CONFIG: Final = {
    "aria": False,  # the whole chart has a label; one for each bar makes the page ten times larger
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": _FAINT, "labelFontSize": 11, "gridColor": _LINES, "domainColor": "#b8c1ca",
        "tickColor": "#b8c1ca",
    },
}  # fmt: skip # one look


def records_received(report_data: ReportData) -> Spec:
    """Return a chart of each dump's accepted and quarantined records, one panel for each entity."""
    days = _days(report_data.dump_date)
    rows = []
    for dump in report_data.dumps:
        if dump.loaded is not None:
            today = "this day" if dump.dump_date == report_data.dump_date else "earlier"
            accepted = dump.loaded.records_read - dump.loaded.quarantined
            labels = {"dump": dump.entity, "day": short_day(dump.dump_date)}
            rows += [
                labels | {"records": accepted, "part": today, "order": 0},
                labels | {"records": dump.loaded.quarantined, "part": "quarantined", "order": 1},
            ]
    loaded = {(dump.entity, dump.dump_date) for dump in report_data.dumps if dump.loaded}
    began = min(dump.dump_date for dump in report_data.dumps if dump.loaded)
    rows += [
        {"dump": entity.table, "day": short_day(day), "records": 0, "part": "nothing", "order": 2}
        for entity in ENTITIES
        for day in (began + timedelta(days=n) for n in range((report_data.dump_date - began).days + 1))
        if (entity.table, day) not in loaded
    ]
    names = {entity.table: name(entity) for entity in ENTITIES}
    table = pl.DataFrame(rows).with_columns(pl.col("dump").replace(names))
    base = alt.Chart().encode(x=_x(days, _SMALL_LABEL_INTERVAL), y=_y("records", ticks=2))
    bars = (
        base.transform_filter("datum.part != 'nothing'")
        .mark_bar()
        .encode(
            color=alt.Color(
                "part:N",
                legend=None,
                scale=alt.Scale(domain=["earlier", "this day", "quarantined"], range=[_PALE_BLUE, _BLUE, _RED]),
            ),
            order="order:O",
        )
    )
    crosses = base.transform_filter("datum.part == 'nothing'").mark_point(
        shape="cross", angle=45, size=18, color=_RED, filled=True
    )
    panel = alt.layer(bars, crosses).properties(width=_SMALL_WIDTH, height=_SMALL_HEIGHT)
    return _panels(panel, table, "dump", list(names.values()), columns=2)


def share_quarantined(report_data: ReportData, unusual_quarantine_rate: float) -> Spec:
    """Return a chart of the share of quarantined records, over all dumps of a day, with the limit."""
    days = _days(report_data.dump_date)
    read = dict.fromkeys(days, 0)
    quarantined = dict.fromkeys(days, 0)
    for dump in report_data.dumps:
        if dump.loaded is not None:
            read[short_day(dump.dump_date)] += dump.loaded.records_read
            quarantined[short_day(dump.dump_date)] += dump.loaded.quarantined
    last = short_day(report_data.dump_date)
    table = pl.DataFrame(
        [{"day": day, "share": quarantined[day] / read[day], "today": day == last} for day in days if read[day]],
        schema={"day": pl.String, "share": pl.Float64, "today": pl.Boolean},
    )
    bars = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=_x(days),
            y=_y("share", label="format(datum.value, '~%')"),
            color=alt.condition("datum.today", alt.value(_RED), alt.value("#e6aca5")),
        )
    )
    limit = (
        alt.Chart(pl.DataFrame({"share": [unusual_quarantine_rate]}))
        .mark_rule(color=_FAINT, strokeDash=[4, 3])
        .encode(y="share:Q")
    )
    return _spec(alt.layer(bars, limit).properties(width=_WIDTH, height=150))


def interactions(marts: MartData) -> Spec:
    """Return a chart of interactions by activity date and kind."""
    table = pl.DataFrame(
        [
            {"day": short_day(row.activity_date), "kind": GROUP_OF_KIND[row.kind], "count": row.interaction_count}
            for row in marts.interactions
        ]
    )
    bars = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=_x(_days(marts.day)),
            y=_y("sum(count)"),
            color=_colour("kind", GROUP_COLOURS),
        )
        .properties(width=_WIDTH, height=150)
    )
    return _spec(bars)


def recipients(marts: MartData) -> Spec:
    """Return a chart of distinct recipients by day, one panel for each channel."""
    table = pl.DataFrame(
        [
            {
                "day": short_day(row.activity_date),
                "channel": CHANNELS[row.channel],
                "step": row.step,
                "count": row.recipient_count,
            }
            for row in marts.recipients
        ]
    )
    lines = (
        alt.Chart()
        .mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(size=14))
        .encode(
            x=_x(_days(marts.day)),
            y=_y("count", ticks=3),
            color=_colour("step", STEP_COLOURS),
        )
        .properties(width=_WIDTH, height=62)
    )
    return _panels(lines, table, "channel", list(CHANNELS.values()), columns=1)


def _days(last: date) -> list[str]:
    return [short_day(last - timedelta(days=back)) for back in reversed(range(DAYS_SHOWN))]


def _x(days: list[str], every: int = _LABEL_INTERVAL) -> alt.X:
    labelled = list(reversed(days[::-1][::every]))
    # The outer labels stay within their panel, so that the last date of one does not touch the first of the next.
    align = {
        "condition": [
            {"test": f"datum.value === '{labelled[0]}'", "value": "left"},
            {"test": f"datum.value === '{labelled[-1]}'", "value": "right"},
        ],
        "value": "center",
    }
    axis = alt.Axis(
        values=labelled, labelAngle=0, labelAlign=align, title=None, ticks=True, grid=False, labelOverlap=False
    )
    return alt.X("day:O", sort=days, scale=alt.Scale(domain=days), axis=axis)


_COUNT_LABEL: Final = (
    "datum.value % 1 ? '' :"
    " datum.value < 1e6 ? format(datum.value, ',') : format(datum.value / 1e6, ',.3~r') + ' M'"
)
"""A tick between two integers has no label: half a record does not exist."""


def _y(field: str, ticks: int = 4, label: str = _COUNT_LABEL) -> alt.Y:
    axis = alt.Axis(
        tickCount=ticks,
        labelExpr=label,
        minExtent=_Y_LABELS_WIDTH,
        maxExtent=_Y_LABELS_WIDTH,
        title=None,
        domain=False,
        ticks=False,
    )
    return alt.Y(f"{field}:Q", axis=axis)


def _colour(field: str, colours: Mapping[str, str]) -> alt.Color:
    """Return colours without a legend: the page has it as text, which wraps and is never clipped."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{field}:N", scale=scale, legend=None)


def _panels(panel: Any, table: pl.DataFrame, field: str, names: list[str], columns: int) -> Spec:
    """Return one panel for each name, aligned by their plots: labels of axes do not move them.

    The name is a mark of the panel, because a header would be placed above the labels of its own axis.
    """
    title = (
        alt.Chart()
        .transform_aggregate(groupby=[field])
        .mark_text(align="left", baseline="bottom", fontSize=11, fontWeight="bold", color=_INK)
        .encode(text=f"{field}:N", x=alt.value(0), y=alt.value(-_TITLE_GAP))
    )
    facet = alt.Facet(f"{field}:N", title=None, sort=names, header=alt.Header(labelExpr="''", labelPadding=0))
    chart = alt.layer(panel, title).facet(
        facet, columns=columns, data=table, bounds="flush", spacing={"row": 38, "column": 48}
    )
    return _spec(chart.resolve_scale(y="independent"))


def _spec(chart: Any) -> Spec:
    spec: Spec = chart.to_dict()
    return spec | {"config": _CONFIG, "background": "white", "padding": 4}
