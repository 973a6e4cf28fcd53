"""`cdp-etl marts`: the marts made anew from staging."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cdp_etl.cli.output import print_table, progress
from cdp_etl.marts.refresh import MartResult, rebuild_mart, rebuild_marts, refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import adopt_business_timezone

marts = typer.Typer(help="The marts, made anew from staging.", no_args_is_help=True)


@marts.callback()
def _group() -> None:
    """Keep `rebuild` a command of its own while it is the only one."""


@marts.command("rebuild")
def rebuild_command(
    *,
    mart: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mart; may be given several times.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All marts, and all days after CDP_ETL_BUSINESS_TIMEZONE was changed.")
    ] = False,
) -> None:
    """Rebuild marts whole, bring those behind them up to date, and publish the snapshot.

    It is never needed for the marts to be right: every run leaves them equal to this.

    Example: `cdp-etl marts rebuild --mart interaction`
    """
    if bool(mart) == everything:
        raise typer.BadParameter("give --mart with a name, or --all")
    settings = load_settings()
    with progress() as say:
        say("Rebuilding …")
        results = _rebuild_all(settings) if everything else _rebuild(settings, mart or [])
        say("Publishing …")
        publish(
            settings.open_warehouse(),
            settings.published,
            settings.mart_settings(),
            with_personal_data=settings.publish_personal_data,
        )
    print_table(("mart", "rows", "as of load"), [(one.mart, one.row_count, one.load_seq) for one in results])


def _rebuild_all(settings: Settings) -> Sequence[MartResult]:
    adopt_business_timezone(settings.open_warehouse())
    return rebuild_marts(settings.open_warehouse(), settings.mart_settings())


def _rebuild(settings: Settings, names: Sequence[str]) -> Sequence[MartResult]:
    """Rebuild some marts in order of dependency, then bring up to date whatever stands behind them."""
    asked_for = {mart_named(name).name for name in names}
    for mart in MARTS:
        if mart.name in asked_for:
            rebuild_mart(settings.open_warehouse(), mart, settings.mart_settings())
    return refresh_marts(settings.open_warehouse(), settings.mart_settings())
