"""What a warehouse holds, so that two of them can be compared.

Put here what must be equal. Which two are compared stands in the tests.
"""

from datetime import date
from typing import Any

import polars as pl

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.warehouse import Warehouse, ledger

# Kept from one run of the marts to the next, and so not the same where the runs are not.
_PASSING = {"customer_identity_change"}
_TABLES = (
    *(f"staging.{name}" for name in (*(entity.table for entity in ENTITIES), "quarantine", "superseded")),
    *(mart.table for mart in MARTS if mart.name not in _PASSING),
)
_COUNTED = ("records_read", "accepted", "superseded", "quarantined", "with_warnings", "content_fingerprint")

Statuses = dict[tuple[str, date], str]


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """Give the rows of every table of staging and of the marts, in one order."""
    with warehouse.reading() as connection:
        return {
            table: sorted(map(repr, connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {table}").fetchall()))
            for table in _TABLES
        }


def digests(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Give the same as numbers, where the rows would be too many: how many, and the sum of their hashes."""
    with warehouse.reading() as connection:
        return {
            table: connection.execute(f"SELECT count(*), sum(hash(t::VARCHAR)) FROM {table} AS t").fetchall()[0]
            for table in _TABLES
        }


def in_place(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Give what the ledger says is loaded, without when and by which load."""
    loaded = ledger(warehouse).select("entity", "dump_date", *(f"loaded_{name}" for name in _COUNTED))
    return loaded.sort("entity", "dump_date").to_dicts()


def statuses(warehouse: Warehouse) -> Statuses:
    """Give how the newest attempt of each dump ended."""
    rows = ledger(warehouse).select("entity", "dump_date", "status").rows()
    return {(entity, day): status for entity, day, status in rows}


def reason(warehouse: Warehouse, entity: str, day: date) -> str:
    """Give why the newest attempt of a dump did not get through."""
    row = ledger(warehouse).filter((pl.col("entity") == entity) & (pl.col("dump_date") == day))
    return str(row["reason"].item())
