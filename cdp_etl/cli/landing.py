"""`cdp-etl landing` and `cdp-etl archive`: dumps in the landing zone, retention of the raw archive."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.options import AsJson, EntityNames, parse_date, selected_entities
from cdp_etl.cli.output import out, print_json, print_table, progress
from cdp_etl.entities import BY_NAME
from cdp_etl.landing import DumpProbe, ZoneProbe, probe_zones
from cdp_etl.landing.retention import PrunedPull
from cdp_etl.normalize.lake.retention import PrunedOutput
from cdp_etl.pipeline.retention import prune_all
from cdp_etl.settings import Settings, load_settings

landing = subcommands("Check the dumps in the landing zone.")
archive = subcommands("Prune the raw archive of delivered dumps.")


@landing.callback()
def _landing_group() -> None:
    """Make Typer keep `check` as a subcommand although it is the only one."""


@archive.callback()
def _archive_group() -> None:
    """Make Typer keep `prune` as a subcommand although it is the only one."""


@landing.command("check")
def check_command(
    *,
    day: Annotated[
        date | None,
        typer.Option(
            "--date", parser=parse_date, metavar="DATE", help="Dump date; yesterday and today if not given."
        ),
    ] = None,
    entity: EntityNames = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of each dump in the landing zone, with the reason. Pull nothing.

    Exit with status 1 if a zone cannot be listed. Run this first on a new server.

    Example: `cdp-etl landing check --date 2026-03-01`
    """
    settings = load_settings()
    today = settings.today()
    days = [day] if day is not None else [today - timedelta(days=1), today]
    zones = {one.name: settings.zone(one) for one in selected_entities(entity)}
    with progress() as report:
        report("Listing the landing zone …")
        probes = probe_zones(zones, days, settings.archive, stability_seconds=settings.stability_seconds)
    probes = [_with_calendar(settings, probe) for probe in probes]
    if as_json:
        print_json([{**vars(probe), "dumps": [vars(dump) for dump in probe.dumps]} for probe in probes])
    else:
        _print(probes)
    if any(probe.fault for probe in probes):
        raise typer.Exit(1)


def _with_calendar(settings: Settings, probe: ZoneProbe) -> ZoneProbe:
    """Add to dumps without files whether the delivery calendar expects them."""
    calendar = settings.calendar(BY_NAME[probe.entity])

    def explained(dump: DumpProbe) -> DumpProbe:
        if dump.state != "nothing there":
            return dump
        expectation = "a dump is expected" if calendar.expects(dump.dump_date) else "none is expected"
        return replace(dump, why=f"{dump.why}; {expectation}")

    return replace(probe, dumps=tuple(explained(dump) for dump in probe.dumps))


def _print(probes: list[ZoneProbe]) -> None:
    print_table(
        ("entity", "dump date", "state", "files", "bytes", "reason"),
        [
            row
            for probe in probes
            for row in (
                [(probe.entity, None, "unreachable", None, None, probe.fault)]
                if probe.fault
                else [
                    (probe.entity, dump.dump_date, dump.state, dump.files, dump.bytes, dump.why)
                    for dump in probe.dumps
                ]
            )
        ],
    )


@archive.command("prune")
def prune_command(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be deleted, and delete nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete pulls that are older than CDP_ETL_KEEP_DAYS or CDP_ETL_KEEP_SUPERSEDED_DAYS from the raw archive.

    Also delete superseded outputs from the lake, unless the ledger refers to them, and versions of the snapshot
    that were replaced more than a day ago. What killed or failed commands left is deleted too: half-deleted pulls,
    downloads older than a day, decrypted copies, unfinished snapshots. A dump that is being pulled is skipped.

    Example: `cdp-etl archive prune --dry-run`
    """
    settings = load_settings()
    with progress() as report:
        report("Looking for expired data …" if dry_run else "Deleting expired data …")
        pruned = prune_all(settings, settings.today(), dry_run=dry_run)
    listed = [_row("pull", pull, pull.reason) for pull in pruned.pulls]
    listed += [_row("lake output", output, "superseded") for output in pruned.outputs]
    if as_json:
        print_json({"deleted": listed, "bytes": pruned.bytes, "is_dry_run": dry_run})
        return
    print_table(
        ("entity", "dump date", "kind", "content", "bytes", "reason"), [list(one.values()) for one in listed]
    )
    out().print(f"{pruned.bytes:,} bytes {'would be deleted' if dry_run else 'deleted'}.")


def _row(kind: str, deleted: PrunedPull | PrunedOutput, reason: str) -> dict[str, Any]:
    return {
        "entity": deleted.entity,
        "dump_date": deleted.dump_date,
        "kind": kind,
        "content": deleted.fingerprint[:12],
        "bytes": deleted.bytes,
        "reason": reason,
    }
