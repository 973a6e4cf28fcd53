"""`cdp-etl landing` and `cdp-etl archive`: what the zone offers, and what is kept of what was pulled."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cdp_etl.cli.options import AsJson, EntityNames, chosen, parse_day
from cdp_etl.cli.output import out, print_json, print_table, progress
from cdp_etl.entities import BY_NAME
from cdp_etl.landing import CheckedDump, CheckedZone, check_landing
from cdp_etl.pipeline.retention import prune_all
from cdp_etl.settings import Settings, load_settings

landing = typer.Typer(help="What the landing zone offers.", no_args_is_help=True)
archive = typer.Typer(help="The raw archive: every dump as it was delivered.", no_args_is_help=True)


@landing.callback()
def _landing_group() -> None:
    """Keep `check` a command of its own while it is the only one."""


@archive.callback()
def _archive_group() -> None:
    """Keep `prune` a command of its own while it is the only one."""


@landing.command("check")
def check_command(
    *,
    day: Annotated[
        date | None,
        typer.Option(
            "--date", parser=parse_day, metavar="DATE", help="Dump date; yesterday and today if not given."
        ),
    ] = None,
    entity: EntityNames = None,
    as_json: AsJson = False,
) -> None:
    """Say of each dump in the zone whether it is ready, and why not: the first thing to run on a new server.

    Nothing is pulled. A zone that cannot be listed exits with 1.

    Example: `cdp-etl landing check --date 2026-03-01`
    """
    settings = load_settings()
    today = _today(settings)
    days = [day] if day is not None else [today - timedelta(days=1), today]
    zones = {one.name: settings.zone(one) for one in chosen(entity)}
    with progress() as say:
        say("Looking …")
        checked = check_landing(zones, days, settings.archive, stability_seconds=settings.stability_seconds)
    checked = [_with_calendar(settings, zone) for zone in checked]
    if as_json:
        print_json([{**vars(zone), "dumps": [vars(dump) for dump in zone.dumps]} for zone in checked])
    else:
        _print(checked)
    if any(zone.fault for zone in checked):
        raise typer.Exit(1)


def _with_calendar(settings: Settings, zone: CheckedZone) -> CheckedZone:
    """Say of a day without files whether any are expected."""
    calendar = settings.calendar(BY_NAME[zone.entity])

    def told(dump: CheckedDump) -> CheckedDump:
        if dump.state != "nothing there":
            return dump
        rest = "a dump is expected" if calendar.expects(dump.dump_date) else "none is expected"
        return replace(dump, why=f"{dump.why}; {rest}")

    return replace(zone, dumps=tuple(told(dump) for dump in zone.dumps))


def _print(checked: list[CheckedZone]) -> None:
    print_table(
        ("entity", "dump date", "state", "files", "bytes", "why"),
        [
            row
            for zone in checked
            for row in (
                [(zone.entity, None, "no answer", None, None, zone.fault)]
                if zone.fault
                else [(zone.entity, one.dump_date, one.state, one.files, one.bytes, one.why) for one in zone.dumps]
            )
        ],
    )


@archive.command("prune")
def prune_command(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False
) -> None:
    """Remove from the raw archive what is older than CDP_ETL_KEEP_DAYS and CDP_ETL_KEEP_SUPERSEDED_DAYS say.

    What was made of earlier deliveries goes from the lake too, unless the ledger still refers to it.

    Example: `cdp-etl archive prune --dry-run`
    """
    settings = load_settings()
    gone = prune_all(settings, _today(settings), dry_run=dry_run)
    print_table(
        ("entity", "dump date", "what", "content", "bytes", "why"),
        [
            *(
                (one.entity, one.dump_date, "pull", one.fingerprint[:12], one.bytes, one.reason)
                for one in gone.pulls
            ),
            *(
                (one.entity, one.dump_date, "outcome", one.fingerprint[:12], one.bytes, "superseded")
                for one in gone.outcomes
            ),
        ],
    )
    out().print(f"{gone.bytes:,} bytes {'would go' if dry_run else 'went'}.")


def _today(settings: Settings) -> date:
    """Give the dump date that is being delivered now."""
    return datetime.now(ZoneInfo(settings.dump_timezone)).date()
