"""`cdp-etl run`: dumps from the landing zone to marts and snapshot."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

import polars as pl
import typer

from cdp_etl.cli.options import EntityNames, FromDay, ToDay, chosen
from cdp_etl.cli.output import print_error, print_table, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import InProcess, RunEnd, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.sensors.metrics import write_metrics_file
from cdp_etl.normalize import latest_normalized
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import ledger

_MOST_REASONS = 10


def run_command(  # noqa: PLR0913 - each is an option
    *,
    first: FromDay,
    last: ToDay = None,
    entity: EntityNames = None,
    landing: Annotated[
        str | None, typer.Option(metavar="DIR", help="Landing zone, in the place of CDP_ETL_LANDING.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Load again what is loaded with the same content.")
    ] = False,
    accept_removal: Annotated[
        bool, typer.Option("--accept-removal", help="Take a dump that offers fewer files than before.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Pull every file again, whatever the listing says.")
    ] = False,
) -> None:
    """Load the dumps of a day or a range of days, bring the marts up to date, and publish the snapshot.

    The marts take in what did arrive, also where a day is refused; then the exit code is 1.

    Example: `cdp-etl run --from 2026-03-01 --to 2026-03-03 --entity email-interaction`
    """
    settings = load_settings(**({} if landing is None else {"landing": landing}))
    last = last or first
    require_dump_dates(settings, first, last)
    entities = chosen(entity)
    config = LoadConfig(force=force, accept_removal=accept_removal, deep=deep)
    with open_instance(settings) as instance, progress() as say:
        pipeline = InProcess(settings, instance, say)
        ends = [pipeline.load(entities, first, last, config), pipeline.marts(first, last)]
        write_metrics_file(settings)
    _print_days(settings, entities, first, last)
    _print_reasons(settings, entities, first, last)
    _print_failures(ends)
    if any(end.failures for end in ends):
        raise typer.Exit(1)


def _print_days(settings: Settings, entities: Sequence[Entity], first: date, last: date) -> None:
    tables = {entity.table: entity.name for entity in entities}
    rows = ledger(settings.open_warehouse(), None, first, last).filter(pl.col("entity").is_in(list(tables)))
    shown = ["records_read", "accepted", "superseded", "quarantined", "with_warnings"]
    is_all_well = set(rows["status"]) <= {"loaded"}
    print_table(
        ("dump date", "entity", "status", "read", "accepted", "superseded", "quarantined", "with warnings")
        + (() if is_all_well else ("why",)),
        (
            [row["dump_date"], tables[row["entity"]], row["status"]]
            + [row[name] for name in (shown if is_all_well else [*shown, "reason"])]
            for row in rows.sort("dump_date", "entity").iter_rows(named=True)
        ),
        title="Dumps",
    )


def _print_reasons(settings: Settings, entities: Sequence[Entity], first: date, last: date) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for entity in entities:
        for number in range((last - first).days + 1):
            dump = latest_normalized(settings.lake, entity, first + timedelta(days=number))
            if dump is not None:
                counted.update({(reason, entity.name): count for reason, count in dump.reasons.items()})
    if counted:
        rows = [(reason, name, count) for (reason, name), count in counted.most_common(_MOST_REASONS)]
        print_table(("reason", "entity", "records"), rows, title="Commonest reasons to quarantine a record")


def _print_failures(ends: Sequence[RunEnd]) -> None:
    for end in ends:
        for failure in end.failures:
            print_error(failure)
