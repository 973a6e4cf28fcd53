"""Interactions by day, from the marts `interaction` and `interaction_daily`."""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import run_query


@dataclass(frozen=True, slots=True)
class RecordsOnDay:
    """Number of records in a day's dumps whose event happened on `activity_date`."""

    activity_date: date
    record_count: int


@dataclass(frozen=True, slots=True)
class InteractionsOnDay:
    """Interactions of one kind on one day, and those among them without a known customer."""

    activity_date: date
    kind: str
    interaction_count: int
    without_customer_count: int


def read_activity_days(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[RecordsOnDay, ...]:
    """Return the days on which the events in the dumps of a date happened, earliest first."""
    return run_query(connection, "activity_days", RecordsOnDay, dump_date=dump_date)


def read_interactions(
    connection: duckdb.DuckDBPyConnection, first: date, last: date
) -> tuple[InteractionsOnDay, ...]:
    """Return interactions by day and kind."""
    return run_query(connection, "interactions", InteractionsOnDay, first=first, last=last)


def read_customer_count(connection: duckdb.DuckDBPyConnection, day: date) -> int:
    """Count known customers with product interactions on a day; one with two identifiers may count twice."""
    ((customers,),) = connection.execute(
        "SELECT count(*) FROM (SELECT DISTINCT company_id, customer_key FROM marts.customer_product_daily"
        " WHERE activity_date = ?)",
        [day],
    ).fetchall()
    return int(customers)


def main_activity_day(days: tuple[RecordsOnDay, ...], dump_date: date) -> date:
    """Return the day on which most events in the dumps happened, or the dump date if there are no events.

    A dump delivered in the morning holds the events of the day before, and the report is about that day.
    """
    if not days:
        return dump_date
    return max(days, key=lambda day: (day.record_count, day.activity_date)).activity_date
