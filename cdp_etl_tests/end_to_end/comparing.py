"""Content of a warehouse in a form in which two warehouses can be compared."""

from datetime import date
from typing import Any

import polars as pl

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.warehouse import Warehouse, ledger

# Accumulated over runs of the marts, so not equal after different runs.
_PASSING = {"customer_identity_change"}
TABLES = (
    *(f"staging.{name}" for name in (*(entity.table for entity in ENTITIES), "quarantine", "superseded")),
    *(mart.table for mart in MARTS if mart.name not in _PASSING),
)
_COUNTED = ("records_read", "accepted", "superseded", "quarantined", "with_warnings", "content_fingerprint")

Statuses = dict[tuple[str, date], str]


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the rows of every table of staging and of the marts, sorted."""
    with warehouse.reading() as connection:
        return {
            table: sorted(map(repr, connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {table}").fetchall()))
            for table in TABLES
        }


def digests(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Return row count and sum of row hashes per table, for tables too large to compare row by row."""
    with warehouse.reading() as connection:
        return {
            table: connection.execute(f"SELECT count(*), sum(hash(t::VARCHAR)) FROM {table} AS t").fetchall()[0]
            for table in TABLES
        }


def in_place(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the loads in place of the ledger, without times and load ids."""
    loaded = ledger(warehouse).select("entity", "dump_date", *(f"loaded_{name}" for name in _COUNTED))
    return loaded.sort("entity", "dump_date").to_dicts()


def statuses(warehouse: Warehouse) -> Statuses:
    """Return the status of the newest attempt per dump."""
    rows = ledger(warehouse).select("entity", "dump_date", "status").rows()
    return {(entity, day): status for entity, day, status in rows}


def reason(warehouse: Warehouse, entity: str, day: date) -> str:
    """Return the reason why the newest attempt of a dump failed."""
    row = ledger(warehouse).filter((pl.col("entity") == entity) & (pl.col("dump_date") == day))
    return str(row["reason"].item())
