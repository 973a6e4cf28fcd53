"""Daily report: one self-contained HTML page for each dump date, and a short Markdown version.

Belongs here: figures of a day, their assessment, charts and pages.
Does not belong here: writes to the warehouse. No customer, contact or identifier appears in a report.
"""
