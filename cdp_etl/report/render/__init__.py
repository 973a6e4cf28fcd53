"""Rendering of the daily report: HTML, Markdown, charts.

Belongs here: sections, charts, styles.
Does not belong here: queries.
"""
