"""The report as a file, and the extra that it requires."""

import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cdp_etl.file_modes import Readers
from cdp_etl.report.build import render_report, report_markdown, write_report
from cdp_etl.report.errors import ReportExtraMissingError
from cdp_etl_tests.report.days import EXPECTED, ReportWarehouse


def test_the_page_is_written_under_its_date_and_replaced_atomically(
    fortnight: tuple[ReportWarehouse, date], tmp_path: Path
) -> None:
    report_warehouse, last = fortnight
    folder = tmp_path / "data" / "reports"
    folder.mkdir(parents=True)
    (folder / "2026-03-15.html").write_text("an earlier one", encoding="utf-8")

    written = write_report(report_warehouse.warehouse, last, folder, EXPECTED)

    assert [path.name for path in folder.iterdir()] == ["2026-03-15.html"]
    assert written.path == folder / "2026-03-15.html"
    page = render_report(report_warehouse.warehouse, last, EXPECTED)
    assert written.path.read_text(encoding="utf-8").startswith(page)
    assert written.markdown == report_markdown(report_warehouse.warehouse, last, EXPECTED)
    assert written.sentence == "All dumps are loaded, with 1 warning."
    assert written.load_seq == 16


def test_a_page_of_the_same_figures_stays(fortnight: tuple[ReportWarehouse, date], tmp_path: Path) -> None:
    report_warehouse, last = fortnight
    before = write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED).path.stat()

    after = write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED).path.stat()

    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("damaged", [b"", b"<!-- -->\n", b"\xff", b"<p>Another text</p>"])
def test_a_page_that_is_not_as_it_was_written_is_replaced(
    fortnight: tuple[ReportWarehouse, date], tmp_path: Path, damaged: bytes
) -> None:
    report_warehouse, last = fortnight
    path = write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED).path
    page = path.read_bytes()
    path.write_bytes(damaged + page[len(damaged) :] if b"Another" in damaged else damaged)

    write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED)

    assert path.read_bytes() == page


def test_other_options_give_another_page(fortnight: tuple[ReportWarehouse, date], tmp_path: Path) -> None:
    report_warehouse, last = fortnight
    path = write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED).path
    page = path.read_bytes()

    write_report(report_warehouse.warehouse, last, tmp_path, replace(EXPECTED, unusual_quarantine_rate=0.001))

    assert path.read_bytes() != page


def test_the_group_of_readers_can_read_the_page(fortnight: tuple[ReportWarehouse, date], tmp_path: Path) -> None:
    report_warehouse, last = fortnight

    written = write_report(report_warehouse.warehouse, last, tmp_path / "reports", EXPECTED, Readers(os.getegid()))

    assert written.path.stat().st_mode & 0o777 == 0o640
    assert written.path.parent.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_without_the_extra_the_error_names_it_and_nothing_is_written(
    fortnight: tuple[ReportWarehouse, date], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    report_warehouse, last = fortnight
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ReportExtraMissingError, match=r"pip install 'cdp_etl\[report\]'"):
        write_report(report_warehouse.warehouse, last, tmp_path / "reports", EXPECTED)

    assert not (tmp_path / "reports").exists()
    assert report_markdown(report_warehouse.warehouse, last, EXPECTED).startswith("### Sunday, 15 March 2026")


def test_a_page_of_a_killed_process_is_deleted_after_an_hour(
    fortnight: tuple[ReportWarehouse, date], tmp_path: Path
) -> None:
    report_warehouse, last = fortnight
    old, new = (tmp_path / f".2026-03-14.html.{process}.part" for process in (1, 2))
    for part in (old, new):
        part.touch()
    os.utime(old, (0, 0))

    write_report(report_warehouse.warehouse, last, tmp_path, EXPECTED)

    assert sorted(path.name for path in tmp_path.iterdir()) == [new.name, "2026-03-15.html"]
