"""The daily report for people: one self-contained page per dump date, and a short Markdown version.

Put here what a person who runs the shop should know of a day. Figures are asked of the warehouse in `figures.py`,
judged in `judgement.py`, and put on paper in `page.py` and `markdown.py`; nothing here writes to the warehouse,
and no customer, contact or identifier leaves it.
"""

from cdp_etl.report.build import WrittenReport, render_report, report_markdown, write_report
from cdp_etl.report.data.report_data import ReportOptions

__all__ = ["ReportOptions", "WrittenReport", "render_report", "report_markdown", "write_report"]
