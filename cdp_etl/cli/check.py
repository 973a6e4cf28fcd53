"""`cdp-etl check`: all checks over all data."""

from functools import partial
from typing import Annotated

import typer

from cdp_etl.cli.output import err, out, print_table, progress
from cdp_etl.marts.full_check.check import check_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.normalize import find_normalized
from cdp_etl.pipeline.stored_files import check_stored_files
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import check_full


def check_command(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Check all stored data. As expensive as a rebuild of all marts.")
    ] = False,
) -> None:
    """Run all checks over all data of staging and marts.

    Exit with status 1 if a check fails. Each load and each refresh of a mart checks the changed keys before it
    commits; this command checks all keys. It refreshes the marts first. Another process rebuilds all marts in a
    scratch database, and their rows are compared. If a check of a mart fails, the next refresh rebuilds the mart.

    All files of archive and lake are compared with their hashes. Damaged outputs of the lake are rebuilt from the
    archive.

    Example: `cdp-etl check --full`
    """
    if not full:
        raise typer.BadParameter("add --full: every load and refresh already checks the changed keys")
    settings = load_settings()
    warehouse = settings.open_warehouse()
    with progress() as report:
        report("Checking archive and lake …")
        stored = check_stored_files(settings, report)
        rows = [(f"{one.place}.{one.entity}", "files_are_intact", one.passed, one.sentence) for one in stored]
        report("Checking staging …")
        staging = check_full(warehouse, partial(find_normalized, settings.lake))
        rows += [(f"staging.{one.entity}", one.check, one.passed, one.sentence) for one in staging]
        results = check_marts(warehouse, settings.mart_settings(), MARTS, report)
    rows += [
        (f"marts.{mart}", one.check.name, one.passed, one.sentence)
        for mart, of_mart in results.items()
        for one in of_mart
    ]
    print_table(("table", "check", "passed", "detail"), rows)
    if not all(passed for _, _, passed, _ in rows):
        err().print(
            "The full check failed. The next refresh rebuilds a mart with a failed check before anything is"
            " published; `cdp-etl marts rebuild --all` rebuilds all marts now.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    out().print("All checks passed.")
