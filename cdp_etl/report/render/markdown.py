"""Short version of the report in Markdown, for the Dagster UI.

Delivered texts are escaped, so that none becomes a link, a table cell or HTML.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cdp_etl.report.data.rejections import totals
from cdp_etl.report.data.report_data import MartData, ReportData
from cdp_etl.report.formatting import (
    MAX_SENTENCE,
    MAX_TEXT,
    count,
    display_text,
    long_day,
    share,
    short_day,
)
from cdp_etl.report.options import ReportOptions
from cdp_etl.report.render.deliveries_section import delivery_notes, delivery_rows
from cdp_etl.report.render.funnels_section import funnel_views
from cdp_etl.report.status import Assessment, DayStatus
from cdp_etl.untrusted_text import markdown

_MAX_ROWS: Final = 5
_MAX_NOTE: Final = 1_000


def escaped(text: str, max_length: int = MAX_TEXT) -> str:
    """Return a text as Markdown that displays it literally, cut at `max_length`."""
    return markdown(display_text(text, max_length))


def render_markdown(report_data: ReportData, assessment: Assessment, options: ReportOptions) -> str:
    """Return the short version."""
    return "\n\n".join(_parts(report_data, assessment, options)) + "\n"


def _parts(report_data: ReportData, assessment: Assessment, options: ReportOptions) -> Iterator[str]:
    yield f"### {long_day(report_data.dump_date)}"
    yield f"**{assessment.sentence}**"
    findings = [*assessment.problems, *assessment.warnings]
    if findings:
        yield "\n".join(f"- {escaped(finding, MAX_SENTENCE)}" for finding in findings)
    if assessment.status is DayStatus.NO_DATA:
        return
    yield _table(
        ("Dump", "Status", "Records", "Usual day", "Quarantined"),
        (
            (row.name, row.status, "–", row.usual, "–")  # noqa: RUF001 - dashes
            if row.load is None
            else (
                row.name,
                row.status,
                count(row.load.records_read),
                row.usual,
                f"{count(row.load.quarantined)} ({share(row.load.quarantined, row.load.records_read)})",
            )
            for row in delivery_rows(report_data, options)
        ),
    )
    yield from (escaped(note, _MAX_NOTE) for note in delivery_notes(report_data))
    if report_data.reasons:
        yield "**Reasons of quarantined records**"
        yield _table(
            ("Reason", "Records"),
            ((escaped(row.reason), count(row.record_count)) for row in totals(report_data.reasons)[:_MAX_ROWS]),
        )
    if report_data.marts is not None and report_data.marts.interactions:
        yield from _mart_parts(report_data.marts)


def _mart_parts(marts: MartData) -> Iterator[str]:
    for funnel in funnel_views(marts, can_compare_weeks=marts.can_compare_weeks):
        steps = ", ".join(
            f"{step.name.lower()} {count(step.people)}{f' ({step.share})' if step.share else ''}"
            for step in funnel.steps
        )
        yield f"**{funnel.channel}**, people in the seven days to {short_day(marts.day)}: {steps}."
    if marts.products.top:
        yield f"**Top products by interactions on {short_day(marts.day)}**"
        yield _table(
            ("Product", "Interactions", "Customers"),
            (
                (escaped(item.name or item.product_sku), count(item.day_count), count(item.day_customer_count))
                for item in marts.products.top[:_MAX_ROWS]
            ),
        )
    sentences = tuple(marts.identity_changes.sentences())
    if sentences:
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
