"""`cdp-etl run`: load dumps from the landing zone, refresh the marts, publish the snapshot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated

import polars as pl
import typer

from cdp_etl.cli.options import EntityNames, FromDate, ToDate, selected_entities
from cdp_etl.cli.output import print_error, print_table, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import InProcessJobs, RunResult, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.sensors.metrics import write_metrics_file
from cdp_etl.normalize import latest_normalized
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import Removal, ledger

_MAX_REASONS = 10


def run_command(  # noqa: PLR0913 - each is an option
    *,
    first: FromDate,
    last: ToDate = None,
    entity: EntityNames = None,
    landing: Annotated[
        str | None, typer.Option(metavar="DIR", help="Landing zone, instead of CDP_ETL_LANDING.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Load a dump even if the same content is already loaded.")
    ] = False,
    accept_removal: Annotated[
        bool, typer.Option("--accept-removal", help="Accept a dump with fewer files or records than before.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Pull every file again, even if the listing is unchanged.")
    ] = False,
) -> None:
    """Load the dumps of one or more dates, refresh the marts, and publish the snapshot.

    If some dumps fail, the marts are refreshed with the others. Exit with status 1 in that case.

    Example: `cdp-etl run --from 2026-03-01 --to 2026-03-03 --entity email-interaction`
    """
    settings = load_settings(**({} if landing is None else {"landing": landing}))
    last = last or first
    require_dump_dates(settings, first, last)
    entities = selected_entities(entity)
    config = LoadConfig(force=force, accept_removal=accept_removal, deep=deep)
    with open_instance(settings) as instance, progress() as report:
        jobs = InProcessJobs(settings, instance, report)
        results = [jobs.load(entities, first, last, config), jobs.refresh_marts(first, last)]
        write_metrics_file(settings)
    _print_dumps(settings, entities, first, last)
    _print_reasons(settings, entities, first, last)
    _print_failures(results)
    if any(result.failures for result in results):
        raise typer.Exit(1)


def _print_dumps(settings: Settings, entities: Sequence[Entity], first: date, last: date) -> None:
    tables = {entity.table: entity.name for entity in entities}
    rows = ledger(settings.open_warehouse(), None, first, last).filter(pl.col("entity").is_in(list(tables)))
    columns = ["records_read", "accepted", "superseded", "quarantined", "with_warnings"]
    are_all_loaded = set(rows["status"]) <= {"loaded"}
    print_table(
        ("dump date", "entity", "status", "read", "accepted", "superseded", "quarantined", "with warnings")
        + (() if are_all_loaded else ("reason",)),
        (
            [row["dump_date"], tables[row["entity"]], row["status"]]
            + [row[name] for name in columns]
            + ([] if are_all_loaded else [None if row["status"] == "loaded" else row["reason"]])
            for row in rows.sort("dump_date", "entity").iter_rows(named=True)
        ),
        title="Dumps",
    )
    _print_findings(rows.filter(pl.col("status").is_in(["loaded", "unchanged"])), tables)


def _print_findings(rows: pl.DataFrame, tables: Mapping[str, str]) -> None:
    """Print for each loaded dump what was found about its files, and how many loaded records it lacks."""
    for row in rows.filter(pl.col("loaded_findings").is_not_null()).iter_rows(named=True):
        print_error(f"{row['dump_date']} {tables[row['entity']]}: {row['loaded_findings']}")
    removing = rows.filter((pl.col("status") == "loaded") & (pl.col("loaded_records_removed") > 0))
    for row in removing.iter_rows(named=True):
        removed = row["loaded_records_removed"]
        loaded = row["loaded_accepted"] - row["loaded_records_added"] + removed
        print_error(f"{row['dump_date']} {tables[row['entity']]}: {Removal(removed, loaded).finding}")


def _print_reasons(settings: Settings, entities: Sequence[Entity], first: date, last: date) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for entity in entities:
        for number in range((last - first).days + 1):
            dump = latest_normalized(settings.lake, entity, first + timedelta(days=number))
            if dump is not None:
                counts.update({(reason, entity.name): count for reason, count in dump.reasons.items()})
    if counts:
        rows = [(reason, name, count) for (reason, name), count in counts.most_common(_MAX_REASONS)]
        print_table(("reason", "entity", "records"), rows, title="Most common quarantine reasons")


def _print_failures(results: Sequence[RunResult]) -> None:
    for result in results:
        for failure in result.failures:
            print_error(failure)
