"""`cdp-etl report`: the page of a day."""

import webbrowser
from datetime import date
from typing import Annotated

import typer

from cdp_etl.cli.options import parse_day
from cdp_etl.cli.output import out, progress
from cdp_etl.report.build import write_report
from cdp_etl.settings import load_settings


def report_command(
    *,
    day: Annotated[date, typer.Option("--date", parser=parse_day, metavar="DATE", help="Dump date.")],
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write the report of a dump date: one HTML page that needs no network and holds no personal data.

    Example: `cdp-etl report --date 2026-03-03 --open`
    """
    settings = load_settings()
    with progress() as say:
        say("Writing the report …")
        written = write_report(settings.open_warehouse(), day, settings.reports, settings.report_options(day))
    out().print(written.sentence, markup=False)
    out().print(str(written.path), markup=False, soft_wrap=True)
    if is_opened:
        webbrowser.open(written.path.as_uri())
