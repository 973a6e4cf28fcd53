"""Rows that only gain days: they are made from the row as it was and the new days, not from all of their days.

The SELECT of such a mart reads what is summed up already, the table `earlier`, beside the days. Put here what
these marts have in common. When a row may be gone on from is declared with its slices.
"""

from collections.abc import Sequence

from cdp_etl.contract.table import DAY, TableColumn
from cdp_etl.marts.engine.mart import Made

LAST_DATE = "last_date"
"""The column of such a mart that says up to which day a row is summed up."""
LAST_DAY = TableColumn(
    LAST_DATE, DAY, "Last day on which something happened, in the business time zone.", is_nullable=False
)
"""That column, where it is kept for the next run alone."""


def earlier(columns: Sequence[TableColumn]) -> Made:
    """Give the table of what is summed up already: nothing in a full rebuild, the rows `grown` in a patch."""
    nothing = ", ".join(f"NULL::{column.type.duckdb} AS {column.name}" for column in columns)
    return Made(whole=f"SELECT {nothing} WHERE false", touched="FROM grown")
