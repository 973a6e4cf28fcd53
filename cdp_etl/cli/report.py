"""`cdp-etl report`: the daily report of a dump date."""

import webbrowser
from datetime import date, timedelta
from typing import Annotated

import typer

from cdp_etl.cli.options import LastDays, last_dates, parse_date
from cdp_etl.cli.output import out, progress
from cdp_etl.report.build import write_report
from cdp_etl.settings import load_settings


def report_command(
    *,
    day: Annotated[
        date | None,
        typer.Option(
            "--date", parser=parse_date, metavar="DATE", help="Dump date: 2026-03-03, yesterday or today."
        ),
    ] = None,
    last_days: LastDays = None,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write the report of a dump date as one HTML page.

    The page needs no network and contains no personal data.

    Example: `cdp-etl report --date yesterday --open`
    """
    if (day is None) == (last_days is None):
        raise typer.BadParameter("expected --date with a dump date, or --last with a number of days")
    settings = load_settings()
    first, last = last_dates(settings, last_days) if last_days else (day, day)
    assert first is not None and last is not None  # noqa: S101, PT018 - one of the options is given
    written = []
    with progress() as report:
        for number in range((last - first).days + 1):
            dump_date = first + timedelta(days=number)
            report(f"Writing the report of {dump_date} …")
            options = settings.report_options(dump_date)
            written.append(
                write_report(settings.open_warehouse(), dump_date, settings.reports, options, settings.readers())
            )
    for one in written:
        out().print(one.sentence)
        out().print(str(one.path), soft_wrap=True)
        if is_opened:
            webbrowser.open(one.path.as_uri())
