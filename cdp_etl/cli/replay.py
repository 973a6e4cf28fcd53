"""`cdp-etl quarantine replay` and `cdp-etl replay`: normalize and load dumps again after rules changed.

Replayed dumps take the normal path: they are normalized from the raw archive and loaded like any dump.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated

import typer

from cdp_etl.cli.options import (
    AsJson,
    EntityNames,
    FromDate,
    FromDateOrAll,
    ToDate,
    ToDateOrAll,
    selected_entities,
)
from cdp_etl.cli.output import out, print_error, print_json, print_table, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import InProcessJobs, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.defs.sensors.metrics import write_metrics_file
from cdp_etl.errors import UsageError
from cdp_etl.normalize import latest_normalized
from cdp_etl.normalize.lake.history import dumps_between
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.older_rules import OlderRules, find_older_rules
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import ledger

_REPLAYED_LAYERS = (Layer.NORMALIZED, Layer.STAGING)


@dataclass(frozen=True, slots=True)
class _DumpBefore:
    """A dump before its replay."""

    entity: Entity
    dump_date: date
    quarantined: int


def replay_command(
    *, first: FromDate, last: ToDate = None, entity: EntityNames = None, as_json: AsJson = False
) -> None:
    """Normalize dumps with quarantined records again, load them, and refresh the marts.

    The dumps are read from the raw archive with the current rules and settings. Records that are accepted now are
    added to their dump. If nothing changes, nothing is loaded, and the ledger records that. If the source system
    corrected a file, use `cdp-etl run`: that is a new delivery.

    Example: `cdp-etl quarantine replay --from 2026-03-01 --to 2026-03-03 --entity email-interaction`
    """
    settings = load_settings()
    last = last or first
    require_dump_dates(settings, first, last)
    before = [
        _DumpBefore(one, dump.dump_date, dump.quarantined)
        for one in selected_entities(entity)
        for dump in dumps_between(settings.lake, one, first, last)
        if dump.quarantined
    ]
    if not before:
        _print_nothing("The quarantine is empty.", as_json=as_json)
        return
    _replay(settings, before, LoadConfig(), as_json=as_json)


def replay_older_rules_command(
    *,
    older_rules: Annotated[
        bool, typer.Option("--older-rules", help="Replay each dump that older rules normalized.")
    ] = False,
    first: FromDateOrAll = None,
    last: ToDateOrAll = None,
    entity: EntityNames = None,
    as_json: AsJson = False,
) -> None:
    """Normalize and load the dumps that older rules normalized, and refresh the marts.

    The dumps are read from the raw archive. A dump whose archive was pruned is listed by name and stays as it is.
    An interrupted replay continues where it stopped. Exit with status 1 if a dump fails or is refused.

    Example: `cdp-etl replay --older-rules`
    """
    if not older_rules:
        raise UsageError(
            "Nothing was selected: use `cdp-etl replay --older-rules` or `cdp-etl quarantine replay`."
        )
    settings = load_settings()
    entities = selected_entities(entity)

    def selected(dumps: Sequence[tuple[Entity, date]]) -> list[tuple[Entity, date]]:
        return [
            (one, day)
            for one, day in dumps
            if one in entities and (first is None or first <= day) and (last is None or day <= last)
        ]

    found = find_older_rules(settings)
    if pruned := selected(found.pruned):
        print_error(OlderRules(pruned=pruned).sentence)
    before = [
        _DumpBefore(one, day, 0 if dump is None else dump.quarantined)
        for one, day in selected(found.replayable)
        for dump in [latest_normalized(settings.lake, one, day)]
    ]
    if not before:
        _print_nothing("No dump of older rules can be replayed.", as_json=as_json)
        return
    _replay(settings, before, LoadConfig(accept_removal=True), as_json=as_json)


def _print_nothing(sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json([])
    else:
        out().print(sentence)


def _replay(settings: Settings, before: Sequence[_DumpBefore], config: LoadConfig, *, as_json: bool) -> None:
    """Normalize, load and print the dumps, which are in order of entity and date."""
    dates = [dump.dump_date for dump in before]
    first, last = min(dates), max(dates)
    with open_instance(settings) as instance, progress() as report:
        jobs = InProcessJobs(settings, instance, report)
        results = [
            jobs.load([one], *consecutive, config, _REPLAYED_LAYERS)
            for one, dumps in groupby(before, key=lambda dump: dump.entity)
            for consecutive in _ranges([dump.dump_date for dump in dumps])
        ]
        results.append(jobs.refresh_marts(first, last))
        write_metrics_file(settings, instance)
    _print(settings, before, first, last, as_json=as_json)
    failures = [failure for result in results for failure in result.failures]
    for failure in failures:
        print_error(failure)
    if failures:
        raise typer.Exit(1)


def _ranges(dates: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last date of each sequence without gaps; the dates must be sorted."""
    for _, numbered in groupby(enumerate(dates), key=lambda pair: pair[1] - timedelta(days=pair[0])):
        consecutive = [day for _, day in numbered]
        yield consecutive[0], consecutive[-1]


def _print(settings: Settings, before: Sequence[_DumpBefore], first: date, last: date, *, as_json: bool) -> None:
    attempts = {
        (row["entity"], row["dump_date"]): row
        for row in ledger(settings.open_warehouse(), None, first, last).iter_rows(named=True)
    }
    rows = []
    for replayed in before:
        dump = latest_normalized(settings.lake, replayed.entity, replayed.dump_date)
        attempt = attempts.get((replayed.entity.table, replayed.dump_date), {})
        now = None if dump is None else dump.quarantined
        rows.append(
            (
                replayed.dump_date,
                replayed.entity.name,
                attempt.get("status"),
                replayed.quarantined,
                now,
                attempt.get("reason"),
            )
        )
    header = ("dump date", "entity", "status", "quarantined before", "quarantined now", "reason")
    if as_json:
        names = [name.replace(" ", "_") for name in header]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(header, rows, title="Replayed dumps")
