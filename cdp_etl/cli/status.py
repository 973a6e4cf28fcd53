"""`cdp-etl status`: load attempts of dumps, and the load that each mart has applied."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import polars as pl
import typer

from cdp_etl.cli.dump_sentences import sentences_once
from cdp_etl.cli.options import (
    AsJson,
    EntityNames,
    FromDateOrAll,
    ToDateOrAll,
    parse_date,
    selected_entities,
)
from cdp_etl.cli.output import out, print_json, print_lines, progress
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import Warehouse, WarehouseMissingError, ledger

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_LATEST_DATES = 14
_WIDE = 120
"""Width from which a line has all counts."""

Since = Annotated[
    date | None,
    typer.Option(
        "--since",
        parser=parse_date,
        metavar="DATE",
        help="Only dumps with an attempt to load them since this day.",
    ),
]


def status_command(
    *,
    first: FromDateOrAll = None,
    last: ToDateOrAll = None,
    since: Since = None,
    entity: EntityNames = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest load attempt of each dump, and the load that each mart has applied.

    The newest dump date comes first. A sentence that several dumps share is printed once. Without --from, --to and
    --since the table has the latest 14 dump dates; --json has all.

    Example: `cdp-etl status --since yesterday`
    """
    settings = load_settings()
    warehouse = settings.open_warehouse()
    names = {one.table: one.name for one in selected_entities(entity)}
    try:
        with progress() as report:
            report("Reading the ledger …")
            dumps = ledger(warehouse, None, first, last).filter(pl.col("entity").is_in(list(names)))
            marts = _marts(warehouse)
            report("Looking for dumps that older rules normalized …")
            older = find_older_rules(settings, warehouse)
    except WarehouseMissingError as error:
        if as_json:
            print_json({"dumps": [], "marts": [], "older_rules": {"replayable": 0, "pruned": 0}})
        else:
            out().print(str(error))
        return
    if since is not None:
        day = datetime.combine(since, time(), ZoneInfo(settings.dump_timezone))
        dumps = dumps.filter(pl.col("finished_at") >= day)
    if as_json:
        # The key keeps its former name, because programs read this output.
        print_json(
            {
                "dumps": dumps.rename({"restored_versions": "resurrected"}).to_dicts(),
                "marts": marts,
                "older_rules": {"replayable": len(older.replayable), "pruned": len(older.pruned)},
            }
        )
        return
    rows = sorted(dumps.to_dicts(), key=lambda row: (-row["dump_date"].toordinal(), row["entity"]))
    dates = sorted({row["dump_date"] for row in rows}, reverse=True)
    if first is last is since is None and len(dates) > _LATEST_DATES:
        rows = [row for row in rows if row["dump_date"] >= dates[_LATEST_DATES - 1]]
        hidden = (
            f"{len(dates) - _LATEST_DATES} earlier dump dates are not listed; `cdp-etl status --from DATE` does."
        )
    else:
        hidden = ""
    _print_dumps(rows, names)
    if hidden:
        out().print(hidden)
    for sentence in sentences_once(
        ((row["dump_date"], names[row["entity"]]), sentence) for row in rows for sentence in _sentences(row)
    ):
        out().print(sentence, soft_wrap=True)
    _print_marts(marts)
    if older:
        out().print(older.sentence, soft_wrap=True)


def _print_dumps(rows: Sequence[dict[str, Any]], names: Mapping[str, str]) -> None:
    is_wide = out().width >= _WIDE
    counts = {"read": "records_read"} | ({"accepted": "accepted", "superseded": "superseded"} if is_wide else {})
    counts |= {"quarantined": "quarantined"} | ({"warnings": "with_warnings"} if is_wide else {})
    print_lines(
        ("dump date", "entity", "status", "tried at, UTC" if is_wide else "at, UTC", *counts),
        [
            [row["dump_date"], names[row["entity"]], row["status"]]
            + [row["finished_at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M" if is_wide else "%m-%d %H:%M")]
            + [row[column] for column in counts.values()]
            for row in rows
        ],
    )


def _print_marts(marts: Sequence[dict[str, Any]]) -> None:
    """Print which load the marts have applied; one line if it is the same one."""
    loads = {mart["load_seq"] for mart in marts}
    if loads == {None}:
        out().print("No mart was refreshed yet.")
    elif len(loads) == 1:
        out().print(f"All {len(marts)} marts have applied load {loads.pop()}.")
    else:
        print_lines(
            ("mart", "applied load"),
            [(mart["mart"], mart["load_seq"] or "never refreshed") for mart in marts],
        )


def _sentences(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person should know about a dump beyond its counts."""
    is_loaded = row["status"] in {"loaded", "unchanged"}
    if not is_loaded and row["reason"] is not None:
        yield row["reason"]
    if not is_loaded and row["loaded_load_id"] is not None:
        yield "An earlier load is still valid."
    if is_loaded and row["loaded_findings"] is not None:
        yield row["loaded_findings"]
    if redelivered := _redelivered(row):
        yield f"Redelivered: {redelivered}."


def _redelivered(row: Mapping[str, Any]) -> str:
    """Return the changes of the valid load against the one before; empty for a first load, where all is added."""
    counts = {
        what: {change: row[f"loaded_{what}_{change}"] or 0 for change in _SIGNS} for what in ("files", "records")
    }
    first_load = {
        what: {"added": row[total] or 0, "changed": 0, "removed": 0}
        for what, total in (("files", "loaded_files"), ("records", "loaded_accepted"))
    }
    if counts == first_load:
        return ""
    changes = {
        what: [f"{_SIGNS[change]}{count}" for change, count in by_change.items() if count]
        for what, by_change in counts.items()
    }
    return ", ".join(f"{what} {' '.join(signed)}" for what, signed in changes.items() if signed)


def _marts(warehouse: Warehouse) -> list[dict[str, Any]]:
    with warehouse.reading() as connection:
        states = {mart.name: state_of(connection, mart) for mart in MARTS}
    return [{"mart": name, "load_seq": state and state.load_seq} for name, state in states.items()]
