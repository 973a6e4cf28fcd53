"""Building of a day's report: read the figures, close the warehouse, assess, render, write the file."""

import os
import time
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cdp_etl.durable_files import replace_file
from cdp_etl.file_modes import OWNER_ONLY, Readers
from cdp_etl.report.data.report_data import ReportData, read_report_data
from cdp_etl.report.errors import ReportExtraMissingError, is_report_installed
from cdp_etl.report.options import ReportOptions
from cdp_etl.report.render.html import render_page
from cdp_etl.report.render.markdown import render_markdown
from cdp_etl.report.status import Assessment, assess
from cdp_etl.storage_errors import naming
from cdp_etl.warehouse import Warehouse

DEFAULT_OPTIONS = ReportOptions()

_DRAWN_BY: Final = ("altair", "vl-convert-python", "jinja2")
_SOURCES: Final = (".py", ".jinja", ".sql")
_PART = ".part"
_MAX_WRITE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A written report.

    Attributes:
        path: The HTML page.
        markdown: The short version.
        sentence: Status of the day, in one sentence.
        load_seq: `ReportData.load_seq`.
    """

    path: Path
    markdown: str
    sentence: str
    load_seq: int


def render_report(warehouse: Warehouse, dump_date: date, options: ReportOptions = DEFAULT_OPTIONS) -> str:
    """Return the page of a day: self-contained HTML without scripts.

    Raises:
        ReportExtraMissingError: If the extra `cdp_etl[report]` is not installed.
        WarehouseMissingError: If there is no warehouse yet.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    report_data = read_report_data(warehouse, dump_date)
    return _page(report_data, assess(report_data, options), options)


def report_markdown(warehouse: Warehouse, dump_date: date, options: ReportOptions = DEFAULT_OPTIONS) -> str:
    """Return the short version of a day's report in Markdown.

    Raises:
        WarehouseMissingError, WarehouseLockedError: As `render_report`.
    """
    report_data = read_report_data(warehouse, dump_date)
    return render_markdown(report_data, assess(report_data, options), options)


def write_report(
    warehouse: Warehouse,
    dump_date: date,
    folder: Path,
    options: ReportOptions = DEFAULT_OPTIONS,
    readers: Readers = OWNER_ONLY,
) -> WrittenReport:
    """Write a day's page for the readers to `<folder>/<date>.html`. An earlier page is replaced atomically.

    A page of the same figures stays, because drawing the charts takes a second.

    Raises:
        ReadersGroupError: If the page cannot be given to the group of readers.
        ReportExtraMissingError, WarehouseMissingError, WarehouseLockedError: As `render_report`.
    """
    if not is_report_installed():
        raise ReportExtraMissingError
    report_data = read_report_data(warehouse, dump_date)
    assessment = assess(report_data, options)
    path = folder / f"{dump_date.isoformat()}.html"
    inputs = _inputs_digest(report_data, options)
    if _inputs_of(path) == inputs:
        for admitted in (folder, path):
            readers.admit(admitted)  # the group may be another one
    else:
        _write_page(path, _with_digests(_page(report_data, assessment, options), inputs), readers)
    markdown = render_markdown(report_data, assessment, options)
    return WrittenReport(path, markdown, assessment.sentence, report_data.load_seq)


def _page(report_data: ReportData, assessment: Assessment, options: ReportOptions) -> str:
    if not is_report_installed():
        raise ReportExtraMissingError
    from cdp_etl.report.render.chart_svg import draw_charts  # noqa: PLC0415 - an extra, and heavy to import

    charts = draw_charts(report_data, options.unusual_quarantine_rate)
    return render_page(report_data, assessment, charts, options)


def _inputs_digest(report_data: ReportData, options: ReportOptions) -> str:
    """Return a hash of all that a page is made from: figures, options, and the code that draws it."""
    digest = sha256(repr((report_data, options, [version(library) for library in _DRAWN_BY])).encode())
    for source in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in _SOURCES):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _with_digests(page: str, inputs: str) -> str:
    """Return the page with the hashes of its inputs and of itself, which show later that it is whole."""
    return f"{page}<!-- {inputs} {sha256(page.encode()).hexdigest()} -->\n"


def _inputs_of(path: Path) -> str | None:
    """Return the hash of the inputs of a written page; None if there is none, or it is not as it was written."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    page, _, last_line = text.removesuffix("\n").rpartition("<!-- ")
    inputs = last_line.partition(" ")[0]
    return inputs if text == _with_digests(page, inputs) else None


def _write_page(path: Path, page: str, readers: Readers) -> None:
    """Write atomically. The unfinished file is named by process, because two processes may write at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{_PART}")
    try:
        with naming(unfinished):
            unfinished.write_text(page, encoding="utf-8")
        for admitted in (path.parent, unfinished):
            readers.admit(admitted)
        replace_file(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_leftovers(folder: Path) -> None:
    """Delete unfinished pages of killed processes: no page takes so long."""
    for leftover in folder.glob(f".*{_PART}"):
        if time.time() - leftover.stat().st_mtime > _MAX_WRITE_SECONDS:
            leftover.unlink(missing_ok=True)
