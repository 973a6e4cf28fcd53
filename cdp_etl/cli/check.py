"""`cdp-etl check`: all checks over all data."""

from functools import partial
from typing import Annotated

import typer

from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import err, out, print_checks, print_json, progress
from cdp_etl.marts.full_check.check import check_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.check import check_snapshot
from cdp_etl.normalize import find_normalized
from cdp_etl.pipeline.stored_files import check_stored_files
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import check_full


def check_command(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Check all stored data. As expensive as a rebuild of all marts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run all checks over all data of staging and marts.

    Exit with status 1 if a check fails. Each load and each refresh of a mart checks the changed keys before it
    commits; this command checks all keys. It refreshes the marts first. Another process rebuilds all marts in a
    scratch database, and their rows are compared. If a check of a mart fails, the next refresh rebuilds the mart.

    All files of archive, lake and snapshot are compared with their hashes. Damaged outputs of the lake are
    rebuilt from the archive, or deleted if nothing refers to them. Damaged files of the snapshot are deleted, so
    that no reader gets wrong values; the next publish writes them. For a damaged archive the check names the
    command that pulls it again. Rows of staging are compared with the lake.

    Example: `cdp-etl check --full`
    """
    if not full:
        raise typer.BadParameter("add --full: every load and refresh already checks the changed keys")
    settings = load_settings()
    warehouse = settings.open_warehouse()
    with progress() as report:
        report("Checking archive and lake …")
        stored = check_stored_files(settings, report)
        report("Checking staging …")
        stored += check_full(warehouse, partial(find_normalized, settings.lake))
        report("Checking the snapshot …")
        stored += check_snapshot(settings.published)
        results = check_marts(warehouse, settings.mart_settings(), MARTS, report)
    rows = [(f"{one.place}.{one.entity}", one.check, one.passed, one.sentence) for one in stored]
    rows += [
        (f"marts.{mart}", one.check.name, one.passed, one.sentence)
        for mart, of_mart in results.items()
        for one in of_mart
    ]
    header = ("table", "check", "passed", "detail")
    is_passed = all(passed for _, _, passed, _ in rows)
    if as_json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        print_checks(header, rows)
    if not is_passed:
        err().print(
            "The full check failed. The next refresh rebuilds a mart with a failed check before anything is"
            " published; `cdp-etl marts rebuild --all` rebuilds all marts now.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    if not as_json:
        out().print("All checks passed.")
