"""What the day's dumps tell of: the days on which it happened, and interactions day by day.

Put here figures of `interaction` and `interaction_daily`. Messages and products have modules of their own.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import ask


@dataclass(frozen=True, slots=True)
class DayTold:
    """How many records of a day's dumps are about things that happened on `activity_date`."""

    activity_date: date
    record_count: int


@dataclass(frozen=True, slots=True)
class KindOnDay:
    """Interactions of one kind on one day, and those of them for which no customer is known."""

    activity_date: date
    kind: str
    interaction_count: int
    without_customer_count: int


def read_days_told(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[DayTold, ...]:
    """Give the days that the dumps of a date tell of, the earliest first."""
    return ask(connection, "days_told", DayTold, dump_date=dump_date)


def read_interactions(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[KindOnDay, ...]:
    """Give interactions by day and kind."""
    return ask(connection, "interactions", KindOnDay, first=first, last=last)


def read_customer_count(connection: duckdb.DuckDBPyConnection, day: date) -> int:
    """Count the known customers who dealt with a product on a day; one with two identifiers may count twice."""
    ((customers,),) = connection.execute(
        "SELECT count(*) FROM (SELECT DISTINCT company_id, customer_key FROM marts.customer_product_daily"
        " WHERE activity_date = ?)",
        [day],
    ).fetchall()
    return int(customers)


def day_mostly_told(days: tuple[DayTold, ...], dump_date: date) -> date:
    """Give the day that most of the dumps' records are about; the dump date itself where there are none.

    A dump delivered in the morning tells of the day before: what people ask about is the day that it tells of.
    """
    if not days:
        return dump_date
    return max(days, key=lambda day: (day.record_count, day.activity_date)).activity_date
