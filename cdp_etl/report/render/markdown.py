"""The short version of the report in Markdown, for the Dagster UI.

It holds the judgement, arrivals, reasons, messages and top products.
Delivered texts are escaped, so that none of them becomes a link, a table cell or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cdp_etl.report.data.rejections import totals
from cdp_etl.report.data.report_data import Figures, Marts, ReportOptions
from cdp_etl.report.formatting import (
    LONGEST_SENTENCE,
    LONGEST_TEXT,
    count,
    long_day,
    share,
    short_day,
    shown,
)
from cdp_etl.report.render.deliveries_section import arrival_notes, arrivals
from cdp_etl.report.render.funnels_section import funnel_views
from cdp_etl.report.status import Judgement, Verdict

_MOST_ROWS: Final = 5
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$:@-])")


def escaped(text: str, longest: int = LONGEST_TEXT) -> str:
    """Give a text as Markdown that shows it as it is, cut where it is long."""
    return _SPECIAL.sub(r"\\\1", shown(text, longest))


def render_markdown(figures: Figures, judgement: Judgement, options: ReportOptions) -> str:
    """Give the short version."""
    return "\n\n".join(_parts(figures, judgement, options)) + "\n"


def _parts(figures: Figures, judgement: Judgement, options: ReportOptions) -> Iterator[str]:
    yield f"### {long_day(figures.dump_date)}"
    yield f"**{judgement.sentence}**"
    problems = [*judgement.wrong, *judgement.odd]
    if problems:
        yield "\n".join(f"- {escaped(problem, LONGEST_SENTENCE)}" for problem in problems)
    if judgement.verdict is Verdict.ABSENT:
        return
    yield _table(
        ("Dump", "What became of it", "Records", "A usual day", "Refused"),
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
            for row in arrivals(figures, options)
        ),
    )
    yield from arrival_notes(figures)
    if figures.reasons:
        yield "**Why records were refused**"
        yield _table(
            ("Reason", "Records"),
            ((escaped(row.what), count(row.record_count)) for row in totals(figures.reasons)[:_MOST_ROWS]),
        )
    if figures.marts is not None and figures.marts.interactions:
        yield from _told(figures.marts)


def _told(marts: Marts) -> Iterator[str]:
    for funnel in funnel_views(marts, can_compare_weeks=marts.can_compare_weeks):
        steps = ", ".join(
            f"{step.name.lower()} {count(step.people)}{f' ({step.share})' if step.share else ''}"
            for step in funnel.steps
        )
        yield f"**{funnel.channel}**, people in the seven days to {short_day(marts.day)}: {steps}."
    if marts.products.top:
        yield f"**Products most dealt with on {short_day(marts.day)}**"
        yield _table(
            ("Product", "Interactions", "Customers"),
            (
                (escaped(item.name or item.product_sku), count(item.day_count), count(item.day_customer_count))
                for item in marts.products.top[:_MOST_ROWS]
            ),
        )
    sentences = tuple(marts.identity_changes.sentences())
    if sentences:
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
