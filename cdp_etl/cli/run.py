"""`cdp-etl run`: load dumps from the landing zone, refresh the marts, publish the snapshot."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import polars as pl
import typer

from cdp_etl.cli.dump_sentences import Dump, failures_once, sentences_once
from cdp_etl.cli.options import (
    AsJson,
    EntityNames,
    FromDateOrAll,
    LastDays,
    ToDate,
    last_dates,
    selected_entities,
)
from cdp_etl.cli.output import print_error, print_json, print_table, print_warning, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import InProcessJobs, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.sensors.metrics import write_metrics_file
from cdp_etl.entities import BY_NAME
from cdp_etl.normalize import latest_normalized
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import Removal, WarehouseMissingError, has_load, ledger

_MAX_REASONS = 10
_LOADED = {"loaded", "unchanged"}


def run_command(  # noqa: PLR0913 - each is an option
    *,
    first: FromDateOrAll = None,
    last: ToDate = None,
    last_days: LastDays = None,
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
    as_json: AsJson = False,
) -> None:
    """Load the dumps of one or more dates, refresh the marts, and publish the snapshot.

    If some dumps fail, the marts are refreshed with the others; if nothing was ever loaded, nothing is published.
    Exit with status 1 if a dump fails or is refused, or if an expected one has no files. A date is 2026-03-01,
    yesterday or today.

    Example: `cdp-etl run --from 2026-03-01 --to 2026-03-03 --entity email-interaction`

    Example: `cdp-etl run --last 7`
    """
    if (first is None) == (last_days is None) or (last_days is not None and last is not None):
        raise typer.BadParameter("expected --from with a dump date, or --last with a number of days")
    settings = load_settings(**({} if landing is None else {"landing": landing}))
    first, last = last_dates(settings, last_days) if last_days else (first, last or first)
    assert first is not None and last is not None  # noqa: S101, PT018 - one of the options is given
    require_dump_dates(settings, first, last)
    entities = selected_entities(entity)
    config = LoadConfig(force=force, accept_removal=accept_removal, deep=deep)
    with open_instance(settings) as instance, progress() as report:
        jobs = InProcessJobs(settings, instance, report)
        results = [jobs.load(entities, first, last, config)]
        is_anything_loaded = has_load(settings.open_warehouse())
        if is_anything_loaded:
            results.append(jobs.refresh_marts(first, last))
        write_metrics_file(settings, instance)
    tables = {one.table: one.name for one in entities}
    dumps = _dumps(settings, tables, first, last)
    missing = [
        (dump["dump_date"], tables[dump["entity"]])
        for dump in dumps
        if dump["status"] == "missing"
        and settings.calendar(BY_NAME[tables[dump["entity"]]]).expects(dump["dump_date"])
    ]
    reasons = _reasons(settings, entities, first, last)
    if as_json:
        print_json(
            {
                "dumps": dumps,
                "missing": [{"dump_date": day, "entity": name} for day, name in missing],
                "quarantine_reasons": [
                    {"reason": reason, "entity": name, "records": count} for (reason, name), count in reasons
                ],
                "failures": [failure for result in results for failure in result.failures],
            }
        )
    else:
        _print_dumps(dumps, tables)
        if reasons:
            rows = [(reason, name, count) for (reason, name), count in reasons[:_MAX_REASONS]]
            print_table(("reason", "entity", "records"), rows, title="Most common quarantine reasons")
        _print_problems(settings, dumps, tables, missing)
    for failure in failures_once(failure for result in results for failure in result.unrecorded):
        print_error(failure)
    if not is_anything_loaded:
        print_error("Nothing was ever loaded, so nothing was published.")
    if missing or any(result.failures for result in results):
        raise typer.Exit(1)


def _dumps(settings: Settings, tables: Mapping[str, str], first: date, last: date) -> list[dict[str, Any]]:
    """Return the latest attempt of each dump; none if the warehouse could not be created."""
    try:
        rows = ledger(settings.open_warehouse(), None, first, last)
    except WarehouseMissingError:
        return []
    return rows.filter(pl.col("entity").is_in(list(tables))).sort("dump_date", "entity").to_dicts()


def _print_dumps(dumps: Sequence[dict[str, Any]], tables: Mapping[str, str]) -> None:
    columns = ["records_read", "accepted", "superseded", "quarantined", "with_warnings"]
    print_table(
        ("dump date", "entity", "status", "read", "accepted", "superseded", "quarantined", "with warnings"),
        (
            [row["dump_date"], tables[row["entity"]], row["status"]] + [row[name] for name in columns]
            for row in dumps
        ),
        title="Dumps",
    )


def _print_problems(
    settings: Settings, dumps: Sequence[dict[str, Any]], tables: Mapping[str, str], missing: Sequence[Dump]
) -> None:
    """Print why dumps were not loaded, what was found about loaded ones, and the next command; a sentence once."""
    for print_sentence, sentences in ((print_warning, _findings), (print_error, _failures)):
        for sentence in sentences_once(
            ((row["dump_date"], tables[row["entity"]]), sentence) for row in dumps for sentence in sentences(row)
        ):
            print_sentence(sentence)
    failed = [(row["dump_date"], tables[row["entity"]]) for row in dumps if row["status"] in {"failed", "refused"}]
    problems = [*missing, *failed]
    if problems:
        locations = ", ".join(sorted({settings.zone(BY_NAME[name]).label for _, name in problems}))
        print_error(
            f"{len(problems)} {'dump is' if len(problems) == 1 else 'dumps are'} not loaded."
            f" `cdp-etl landing check --date {problems[0][0]}` shows what the landing zone has: {locations}."
        )


def _failures(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield why the attempt loaded nothing."""
    if row["status"] not in _LOADED and row["reason"] is not None:
        yield row["reason"]


def _findings(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was found about the loaded files, and how many loaded records they lack."""
    if row["status"] in _LOADED and row["loaded_findings"] is not None:
        yield row["loaded_findings"]
    if row["status"] == "loaded" and (removed := row["loaded_records_removed"] or 0) > 0:
        loaded = row["loaded_accepted"] - row["loaded_records_added"] + removed
        yield Removal(removed, loaded).finding


def _reasons(
    settings: Settings, entities: Sequence[Entity], first: date, last: date
) -> list[tuple[tuple[str, str], int]]:
    """Return quarantine reasons with their entity and number of records, the most common one first."""
    counts: Counter[tuple[str, str]] = Counter()
    for entity in entities:
        for number in range((last - first).days + 1):
            dump = latest_normalized(settings.lake, entity, first + timedelta(days=number))
            if dump is not None:
                counts.update({(reason, entity.name): count for reason, count in dump.reasons.items()})
    return counts.most_common()
