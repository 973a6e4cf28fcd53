"""Styles of the page: inline, because mail programs drop style sheets; one column that fits a phone."""

from typing import Final

from cdp_etl.report.status import DayStatus

_INK, _FAINT, _LINE = "#1f2933", "#5b6774", "#e4e8ec"
_FONT: Final = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_EXACT: Final = "-webkit-print-color-adjust:exact;print-color-adjust:exact"
"""Backgrounds that carry a meaning are printed too, although browsers leave backgrounds out."""

COLOURS: Final = {
    DayStatus.OK: ("#e6f4ea", "#2f7d4f"),
    DayStatus.WARNING: ("#fdf3e1", "#b06f10"),
    DayStatus.INCOMPLETE: ("#fbe9e7", "#c2382b"),
    DayStatus.NO_DATA: ("#eef1f4", "#5b6774"),
}
"""Background and border of the sentence at the top."""

STYLES: Final = {
    "body": f"margin:0;padding:0;background:#f4f6f8;color:{_INK};font:16px/1.45 {_FONT};"
    "-webkit-text-size-adjust:100%",
    "sheet": "max-width:720px;margin:0 auto;padding:16px;background:#ffffff;box-sizing:border-box;"
    "overflow-wrap:anywhere",
    "zone": f"margin:-10px 0 14px;color:{_FAINT};font-size:13px",
    "kicker": f"margin:0;color:{_FAINT};font-size:13px;letter-spacing:.04em;text-transform:uppercase",
    "h1": "margin:2px 0 14px;font-size:24px;line-height:1.2",
    "h2": f"margin:36px 0 6px;padding-top:18px;border-top:1px solid {_LINE};font-size:19px;line-height:1.25;"
    "break-after:avoid",
    "h3": "margin:20px 0 4px;font-size:15px;line-height:1.3;break-after:avoid",
    "p": "margin:6px 0",
    "note": f"margin:6px 0;color:{_FAINT};font-size:13px",
    "list": "margin:8px 0 0;padding-left:20px",
    "item": "margin:4px 0",
    "tiles": "margin:14px -4px 0;font-size:0",
    "tile": "display:inline-block;vertical-align:top;width:25%;min-width:174px;padding:4px;box-sizing:border-box;"
    "break-inside:avoid",
    "tile_box": f"min-height:84px;padding:10px 12px;box-sizing:border-box;"
    f"border:1px solid {_LINE};border-radius:8px",
    "tile_value": "font-size:20px;line-height:1.2;font-weight:600",
    "tile_label": f"font-size:13px;line-height:1.35;color:{_FAINT}",
    "table": "width:100%;border-collapse:collapse;margin:8px 0;font-size:14px",
    "th": f"padding:6px 8px 6px 0;border-bottom:1px solid #b8c1ca;text-align:left;font-size:12px;color:{_FAINT};"
    "font-weight:600;vertical-align:bottom",
    "th_number": f"padding:6px 0 6px 8px;border-bottom:1px solid #b8c1ca;text-align:right;font-size:12px;"
    f"overflow-wrap:normal;color:{_FAINT};font-weight:600;vertical-align:bottom",
    "td": f"padding:7px 8px 7px 0;border-bottom:1px solid {_LINE};text-align:left;vertical-align:top",
    "td_number": f"padding:7px 0 7px 8px;border-bottom:1px solid {_LINE};text-align:right;vertical-align:top;"
    "white-space:nowrap;font-variant-numeric:tabular-nums",
    "small": f"display:block;color:{_FAINT};font-size:12px;line-height:1.35",
    "bad": "color:#c2382b;font-weight:600",
    "good": "color:#2f7d4f;font-weight:600",
    "code": "font-family:Menlo,Consolas,monospace;font-size:12px;background:#f1f3f5;padding:1px 4px;"
    "border-radius:4px",
    "charts": "margin:4px -8px 0;font-size:0",
    "chart": "display:inline-block;vertical-align:top;width:100%;max-width:352px;padding:8px;"
    "box-sizing:border-box;break-inside:avoid",
    "chart_title": "margin:0 0 2px;font-size:14px;font-weight:600;line-height:1.3",
    "chart_note": f"margin:0 0 6px;font-size:12px;line-height:1.35;color:{_FAINT}",
    "legend_item": "white-space:nowrap;margin-right:8px",
    "swatch": f"display:inline-block;width:9px;height:9px;margin-right:4px;{_EXACT}",
    "bar_row": "margin:6px 0;break-inside:avoid",
    "bar_track": "background:#eef1f4;border-radius:4px;height:12px;margin-top:3px;overflow:hidden;" + _EXACT,
    "bar": f"height:12px;{_EXACT}",
    "small_inline": f"color:{_FAINT};font-size:12px",
    "row": "break-inside:avoid",
    "footer": f"margin:36px 0 8px;padding-top:14px;border-top:1px solid {_LINE};color:{_FAINT};font-size:12px",
}
"""Inline style of each part of the page."""

STYLE_SHEET: Final = (
    "@page{margin:14mm}"
    "@media print{body{background:#fff!important}body>div{padding:0!important;max-width:none!important}}"
    "@media screen and (prefers-color-scheme:dark){html{background:#0b0b0b}"
    "body>div{filter:invert(.9) hue-rotate(180deg)}body{background:#0b0b0b!important}}"
)
"""What no inline style can say: print, and dark screens. Programs that drop it show the light page.

On a dark screen the page is inverted with its charts, and the hue is turned back: red stays red.
"""


def status_style(status: DayStatus) -> str:
    """Return the style of the sentence at the top; its colour shows the status of the day."""
    background, edge = COLOURS[status]
    return (
        f"margin:0;padding:12px 14px;background:{background};border-left:5px solid {edge};border-radius:4px;"
        f"font-size:17px;line-height:1.4;font-weight:600;{_EXACT}"
    )
