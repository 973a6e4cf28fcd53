"""Purchases, refunds and revenue, from the mart `interaction`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from cdp_etl.report.data.products import WEEKS_COMPARED
from cdp_etl.report.data.query import run_query


@dataclass(frozen=True, slots=True)
class Sales:
    """Totals of a period.

    Attributes:
        purchase_count: Purchases.
        refund_count: Refunds.
        revenue: Amounts of the purchases minus those of the refunds. Currencies are not converted.
        without_amount_count: Purchases and refunds without an amount, which add nothing to the revenue.
    """

    purchase_count: int
    refund_count: int
    revenue: Decimal
    without_amount_count: int


@dataclass(frozen=True, slots=True)
class SalesOfPeriods:
    """Sales of a day, of the seven days that end with it, and of the seven before."""

    day: Sales
    week: Sales
    week_before: Sales

    @property
    def has_any(self) -> bool:
        """True if the two weeks have a purchase or a refund."""
        return any(sales.purchase_count or sales.refund_count for sales in (self.week, self.week_before))


def read_sales(connection: duckdb.DuckDBPyConnection, last: date) -> SalesOfPeriods:
    """Return the sales of the day `last` and of the two weeks that end with it."""
    first = last - WEEKS_COMPARED + timedelta(days=1)
    by_day = dict(run_query(connection, "sales", _of_day, first=first, last=last))
    week_starts = last - timedelta(days=6)
    return SalesOfPeriods(
        day=_total(sales for day, sales in by_day.items() if day == last),
        week=_total(sales for day, sales in by_day.items() if day >= week_starts),
        week_before=_total(sales for day, sales in by_day.items() if day < week_starts),
    )


def _of_day(activity_date: date, **totals: int | Decimal) -> tuple[date, Sales]:
    return activity_date, Sales(**totals)  # type: ignore[arg-type] # the columns of the query


def _total(of: Iterable[Sales]) -> Sales:
    total = Sales(0, 0, Decimal(0), 0)
    for sales in of:
        total = Sales(
            total.purchase_count + sales.purchase_count,
            total.refund_count + sales.refund_count,
            total.revenue + sales.revenue,
            total.without_amount_count + sales.without_amount_count,
        )
    return total
