"""The report as a file."""

from datetime import date
from pathlib import Path

from cdp_etl.report import render_report, report_markdown, write_report
from cdp_etl_tests.report.days import EXPECTED, Shop


def test_the_page_is_written_under_its_date_and_replaced_whole(
    fortnight: tuple[Shop, date], tmp_path: Path
) -> None:
    shop, last = fortnight
    folder = tmp_path / "data" / "reports"
    folder.mkdir(parents=True)
    (folder / "2026-03-15.html").write_text("an earlier one", encoding="utf-8")

    written = write_report(shop.warehouse, last, folder, EXPECTED)

    assert [path.name for path in folder.iterdir()] == ["2026-03-15.html"]
    assert written.path == folder / "2026-03-15.html"
    assert written.path.read_text(encoding="utf-8") == render_report(shop.warehouse, last, EXPECTED)
    assert written.markdown == report_markdown(shop.warehouse, last, EXPECTED)
    assert written.sentence == "All is loaded, but 1 thing is worth a look."
    assert written.load_seq == 16
