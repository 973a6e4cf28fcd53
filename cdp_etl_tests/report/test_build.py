"""The report as a file."""

from datetime import date
from pathlib import Path

from cdp_etl.report.build import render_report, report_markdown, write_report
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
    assert written.path.read_text(encoding="utf-8") == render_report(report_warehouse.warehouse, last, EXPECTED)
    assert written.markdown == report_markdown(report_warehouse.warehouse, last, EXPECTED)
    assert written.sentence == "All dumps are loaded, with 1 warning."
    assert written.load_seq == 16
