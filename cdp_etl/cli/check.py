"""`cdp-etl check`: what must hold of the warehouse, looked at again."""

from typing import Annotated

import typer

from cdp_etl.cli.output import out, print_table, progress
from cdp_etl.marts.agreement import rows_that_differ
from cdp_etl.marts.catalogue import MARTS
from cdp_etl.marts.checks import run_checks
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import check_full


def check_command(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Over everything that is stored: as dear as a rebuild of all marts.")
    ] = False,
) -> None:
    """Check staging and marts as a whole; anything that does not hold exits with 1.

    Every load checks the keys that it touched before it is committed; this looks at all. Once a week will do.

    Example: `cdp-etl check --full`
    """
    if not full:
        raise typer.BadParameter(
            "give --full: touched keys are checked by every load, and nothing else is left to check"
        )
    settings = load_settings()
    warehouse = settings.open_warehouse()
    with progress() as say:
        say("Checking staging …")
        rows = [(f"staging.{one.entity}", one.check, one.passed, one.sentence) for one in check_full(warehouse)]
        say("Checking the marts against each other …")
        rows += [
            (
                f"marts.{one.check.mart}",
                one.check.name,
                one.passed,
                f"{one.violations} rows or groups contradict it.",
            )
            for one in run_checks(warehouse)
        ]
        for mart in MARTS:
            say(f"Checking {mart.table} …")
            with warehouse.reading() as connection:
                differing = rows_that_differ(connection, mart, settings.mart_settings())
            sentence = f"{differing} rows differ between the mart and its full rebuild."
            rows.append((mart.table, "equals_its_rebuild", not differing, sentence))
    print_table(("table", "check", "holds", "found"), rows)
    if not all(holds for _, _, holds, _ in rows):
        raise typer.Exit(1)
    out().print("Everything holds.")
