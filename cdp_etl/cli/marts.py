"""`cdp-etl marts`: rebuild marts from staging."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.output import print_table, progress
from cdp_etl.marts.refresh import MartResult, rebuild_mart, rebuild_marts, refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import adopt_business_timezone

marts = subcommands("Rebuild marts from staging.")


@marts.callback()
def _group() -> None:
    """Make Typer keep `rebuild` as a subcommand although it is the only one."""


@marts.command("rebuild")
def rebuild_command(
    *,
    mart: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Rebuild only this mart. Repeatable.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Rebuild all marts. Required after CDP_ETL_BUSINESS_TIMEZONE was changed."),
    ] = False,
) -> None:
    """Rebuild marts in full, refresh the downstream marts, and publish the snapshot.

    No routine rebuild is needed: every incremental refresh has the same result.

    Example: `cdp-etl marts rebuild --mart interaction`
    """
    if bool(mart) == everything:
        raise typer.BadParameter("add --mart with a name, or --all")
    settings = load_settings()
    with progress() as report:
        report("Rebuilding …")
        results = _rebuild_all(settings) if everything else _rebuild(settings, mart or [])
        report("Publishing …")
        publish(
            settings.open_warehouse(),
            settings.published,
            settings.mart_settings(),
            with_personal_data=settings.publish_personal_data,
        )
    print_table(
        ("mart", "rows", "applied load"), [(result.mart, result.row_count, result.load_seq) for result in results]
    )


def _rebuild_all(settings: Settings) -> Sequence[MartResult]:
    adopt_business_timezone(settings.open_warehouse())
    return rebuild_marts(settings.open_warehouse(), settings.mart_settings())


def _rebuild(settings: Settings, names: Sequence[str]) -> Sequence[MartResult]:
    """Rebuild some marts in the order of their dependencies, then refresh all marts."""
    selected = {mart_named(name).name for name in names}
    for mart in MARTS:
        if mart.name in selected:
            rebuild_mart(settings.open_warehouse(), mart, settings.mart_settings())
    return refresh_marts(settings.open_warehouse(), settings.mart_settings())
