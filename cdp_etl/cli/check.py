"""`cdp-etl check`: what must hold of the warehouse, looked at again."""

from typing import Annotated

import typer

from cdp_etl.cli.output import err, out, print_table, progress
from cdp_etl.marts.errors import REBUILD_HINT
from cdp_etl.marts.refresh import check_mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import check_full


def check_command(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Over everything that is stored: as dear as a rebuild of all marts.")
    ] = False,
) -> None:
    """Check staging and marts as a whole; anything that does not hold exits with 1.

    Every load and every run of a mart checks the keys that it touched before it is committed; this looks at all.
    The marts are brought up to date first. One that does not hold is made anew by its next run.

    Example: `cdp-etl check --full`
    """
    if not full:
        raise typer.BadParameter(
            "give --full: touched keys are checked by every load and run, and nothing else is left to check"
        )
    settings = load_settings()
    warehouse = settings.open_warehouse()
    with progress() as say:
        say("Checking staging …")
        rows = [(f"staging.{one.entity}", one.check, one.passed, one.sentence) for one in check_full(warehouse)]
        for mart in MARTS:
            say(f"Checking {mart.table} …")
            results = check_mart(warehouse, mart, settings.mart_settings())
            rows += [(mart.table, one.check.name, one.passed, one.sentence) for one in results]
    print_table(("table", "check", "holds", "found"), rows)
    if not all(holds for _, _, holds, _ in rows):
        err().print(f"A mart that does not hold: {REBUILD_HINT[0].lower()}{REBUILD_HINT[1:]}", soft_wrap=True)
        raise typer.Exit(1)
    out().print("Everything holds.")
