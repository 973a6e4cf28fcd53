"""`cdp-etl marts`: rebuild marts from staging, publish the snapshot."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import out, print_json, print_table, progress
from cdp_etl.marts.refresh import MartResult, rebuild_mart, rebuild_marts, refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl.marts.snapshot.manifest import Snapshot
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import adopt_business_timezone

marts = subcommands("Rebuild marts from staging, publish the snapshot.")


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
    as_json: AsJson = False,
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
        _publish(settings)
    if as_json:
        print_json(
            [{"mart": result.mart, "rows": result.row_count, "load_seq": result.load_seq} for result in results]
        )
        return
    print_table(
        ("mart", "rows", "applied load"), [(result.mart, result.row_count, result.load_seq) for result in results]
    )


@marts.command("publish")
def publish_command(
    *,
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key",
            help="Replace the key of the pseudonyms. Joins with earlier snapshots and exports then find nothing.",
        ),
    ] = False,
    new_warehouse: Annotated[
        bool,
        typer.Option(
            "--new-warehouse",
            help="Replace the snapshot of a lost warehouse. Load all dumps before; otherwise readers lose them.",
        ),
    ] = False,
) -> None:
    """Refresh the marts and publish the snapshot.

    Every run does so at its end; this command is for a change of settings, of the key, or of the warehouse.

    Example: `cdp-etl marts publish`
    """
    settings = load_settings()
    if new_key and settings.publish_personal_data:
        raise typer.BadParameter("--new-key has no effect: CDP_ETL_PUBLISH_PERSONAL_DATA publishes no pseudonyms")
    with progress() as report:
        report("Publishing …")
        snapshot = _publish(settings, new_key=new_key, new_warehouse=new_warehouse)
    out().print(f"Published as of load {snapshot.as_of}.")
    if new_key:
        out().print(
            f"The new key is {settings.publish_rules().key_file}. All pseudonyms have changed: joins with earlier"
            " snapshots and exports find nothing."
        )


def _publish(settings: Settings, *, new_key: bool = False, new_warehouse: bool = False) -> Snapshot:
    return publish(
        settings.open_warehouse(),
        settings.published,
        settings.mart_settings(),
        settings.publish_rules(),
        new_key=new_key,
        new_warehouse=new_warehouse,
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
