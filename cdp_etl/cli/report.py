"""`cdp-etl report`: the daily report of a dump date."""

import webbrowser
from datetime import date
from typing import Annotated

import typer

from cdp_etl.cli.options import parse_date
from cdp_etl.cli.output import out, progress
from cdp_etl.report.build import write_report
from cdp_etl.settings import load_settings


def report_command(
    *,
    day: Annotated[date, typer.Option("--date", parser=parse_date, metavar="DATE", help="Dump date.")],
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write the report of a dump date as one HTML page.

    The page needs no network and contains no personal data.

    Example: `cdp-etl report --date 2026-03-03 --open`
    """
    settings = load_settings()
    with progress() as report:
        report("Writing the report …")
        written = write_report(
            settings.open_warehouse(),
            day,
            settings.reports,
            settings.report_options(day),
            settings.readers(),
        )
    out().print(written.sentence)
    out().print(str(written.path), soft_wrap=True)
    if is_opened:
        webbrowser.open(written.path.as_uri())
