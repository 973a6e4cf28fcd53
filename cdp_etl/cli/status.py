"""`cdp-etl status`: load attempts of dumps, and the load that each mart has applied."""

from typing import Any

import polars as pl

from cdp_etl.cli.options import AsJson, EntityNames, FromDateOrAll, ToDateOrAll, selected_entities
from cdp_etl.cli.output import out, print_json, print_table
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl.settings import load_settings
from cdp_etl.warehouse import Warehouse, WarehouseMissingError, ledger

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_COUNTS = ("records_read", "accepted", "superseded", "quarantined", "with_warnings")


def status_command(
    *,
    first: FromDateOrAll = None,
    last: ToDateOrAll = None,
    entity: EntityNames = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest load attempt of each dump, and the load that each mart has applied.

    Example: `cdp-etl status --from 2026-03-01 --json`
    """
    settings = load_settings()
    warehouse = settings.open_warehouse()
    tables = [one.table for one in selected_entities(entity)]
    try:
        dumps = ledger(warehouse, None, first, last).filter(pl.col("entity").is_in(tables))
    except WarehouseMissingError as error:
        if as_json:
            print_json({"dumps": [], "marts": [], "older_rules": {"replayable": 0, "pruned": 0}})
        else:
            out().print(str(error))
        return
    marts = _marts(warehouse)
    older = find_older_rules(settings, warehouse)
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
    print_table(
        (
            "dump date",
            "entity",
            "status",
            "read",
            "accepted",
            "superseded",
            "quarantined",
            "with warnings",
            "redelivered",
            "reason",
        ),
        (
            [row["dump_date"], row["entity"].replace("_", "-"), _status(row)]
            + [row[count] for count in _COUNTS]
            + [_redelivered(row), _reason(row)]
            for row in dumps.sort("dump_date", "entity").iter_rows(named=True)
        ),
        title="Dumps: latest attempt",
    )
    print_table(
        ("mart", "applied load"),
        [(mart["mart"], mart["load_seq"] or "never refreshed") for mart in marts],
        title="Marts",
    )
    if older:
        out().print(older.sentence)


def _status(row: dict[str, Any]) -> str:
    """Return the status of the attempt. If it loaded nothing, add whether an earlier load remains valid."""
    has_earlier_load = row["loaded_load_id"] is not None and row["status"] in {"refused", "failed", "missing"}
    return f"{row['status']}, earlier load valid" if has_earlier_load else row["status"]


def _reason(row: dict[str, Any]) -> str | None:
    """Return the reason of the attempt. If the files were loaded before, add the findings of that load."""
    if row["status"] == "unchanged" and row["loaded_findings"] is not None:
        return f"{row['reason']} {row['loaded_findings']}"
    reason: str | None = row["reason"]
    return reason


def _redelivered(row: dict[str, Any]) -> str:
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
