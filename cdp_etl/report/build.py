"""The report of a day: from the warehouse to the page, its Markdown, and the file.

Put here the order of the steps: ask, close the warehouse, judge, render, write.
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_etl.report.data.report_data import Figures, ReportOptions, read_figures
from cdp_etl.report.render.chart_svg import draw_plots
from cdp_etl.report.render.html import render_page
from cdp_etl.report.render.markdown import render_markdown
from cdp_etl.report.status import Judgement, judge
from cdp_etl.warehouse import Warehouse

DEFAULT_OPTIONS = ReportOptions()


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report that was written.

    Attributes:
        path: The page.
        markdown: The short version.
        sentence: Whether the day is fine, in one sentence.
        load_seq: The newest load that the report knows of.
    """

    path: Path
    markdown: str
    sentence: str
    load_seq: int


def render_report(warehouse: Warehouse, dump_date: date, options: ReportOptions = DEFAULT_OPTIONS) -> str:
    """Give the page of a day: self-contained HTML without scripts.

    Raises:
        WarehouseMissingError: there is no warehouse yet.
        WarehouseLockedError: another process held it for all of the time to wait.
    """
    figures = read_figures(warehouse, dump_date)
    return _page(figures, judge(figures, options), options)


def report_markdown(warehouse: Warehouse, dump_date: date, options: ReportOptions = DEFAULT_OPTIONS) -> str:
    """Give the short version of a day's report in Markdown.

    Raises:
        WarehouseMissingError, WarehouseLockedError: as `render_report`.
    """
    figures = read_figures(warehouse, dump_date)
    return render_markdown(figures, judge(figures, options), options)


def write_report(
    warehouse: Warehouse, dump_date: date, folder: Path, options: ReportOptions = DEFAULT_OPTIONS
) -> WrittenReport:
    """Write a day's page to `<folder>/<date>.html`, in the place of an earlier one: whole or not at all.

    Raises:
        WarehouseMissingError, WarehouseLockedError: as `render_report`.
    """
    figures = read_figures(warehouse, dump_date)
    judgement = judge(figures, options)
    path = folder / f"{dump_date.isoformat()}.html"
    _write_whole(path, _page(figures, judgement, options))
    return WrittenReport(path, render_markdown(figures, judgement, options), judgement.sentence, figures.load_seq)


def _page(figures: Figures, judgement: Judgement, options: ReportOptions) -> str:
    plots = draw_plots(figures, options.unusual_quarantine_rate)
    return render_page(figures, judgement, plots, options)


def _write_whole(path: Path, page: str) -> None:
    """Write beside and rename into place; two writers at once do not share a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
