"""Check that the values of each row satisfy the value rules of the mart, in one scan of the rows."""

from datetime import timedelta

import duckdb

from cdp_etl.contract.normalization_settings import MIN_TIMESTAMP, timestamp_upper_bound
from cdp_etl.marts.checks.business_days import business_days
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.checks.value_rules import day_column, value_rules_of
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart
from cdp_etl.warehouse.schema import business_timezone

VALUES_ARE_VALID = "values_are_valid"

_MAX_DISTANCE = timedelta(days=3)
"""Days may be this far outside the range of timestamps: by two as dump dates, by one as days of a time zone."""
_IS_WRITTEN = f"{WRITTEN_BY.name} = getvariable('value_bounds').load_seq"


def values_are_valid(mart: Mart) -> Check:
    """Return the check; a violation is a rule, with the number of rows that break it."""
    rules = value_rules_of(mart)
    names = ", ".join(f"'{rule.name}'" for rule in rules)
    broken = ", ".join(f"count(*) FILTER (WHERE NOT ({rule.predicate}))" for rule in rules)
    day = day_column(mart)
    join = f" LEFT JOIN business_day ON {day} = business_day.day" if day else ""

    def violations(condition: str) -> str:
        return f"""
            SELECT rule, found, 0 AS expected
            FROM (
              SELECT unnest([{names}]) AS rule, unnest([{broken}]) AS found
              FROM {mart.storage_table}{join}
              WHERE {condition}
            )
            WHERE found > 0
        """

    return Check(
        VALUES_ARE_VALID,
        mart.name,
        f"Every row has possible values: {' '.join(rule.description for rule in rules)}",
        ("rule",),
        violations("true"),
        violations(_IS_WRITTEN),
        shown_key="rule || ' (' || found || ' rows)'",
    )


def bind_bounds(connection: duckdb.DuckDBPyConnection, mart: Mart, *, all_rows: bool) -> None:
    """Set the variable `value_bounds` and register the view `business_day`, which the check reads.

    Timestamps are bounded as in normalization: from 2000 to the end of the second day after the dump. A row of a
    mart may combine records of many dumps, so the newest dump in the ledger is the bound.

    Args:
        connection: Connection in the transaction of the run.
        mart: The mart.
        all_rows: Whether all rows are checked; else those that the run wrote.
    """
    load_seq, newest, zone = connection.execute(
        "SELECT coalesce(max(load_seq), 0), coalesce(max(dump_date), current_date),"
        f" ({business_timezone.STORED_ZONE}) FROM ops.load"
    ).fetchall()[0]
    end = timestamp_upper_bound(newest)
    first_day, last_day = MIN_TIMESTAMP.date() - _MAX_DISTANCE, end.date() + _MAX_DISTANCE
    connection.execute(
        "SET VARIABLE value_bounds = {'load_seq': $load_seq, 'first_timestamp': $first_timestamp,"
        " 'end_timestamp': $end_timestamp, 'first_day': $first_day, 'last_day': $last_day}",
        {
            "load_seq": load_seq,
            "first_timestamp": MIN_TIMESTAMP,
            "end_timestamp": end,
            "first_day": first_day,
            "last_day": last_day,
        },
    )
    day = day_column(mart)
    if day is None:
        return
    years = connection.execute(
        f"SELECT DISTINCT year({day}) AS day_year FROM {mart.storage_table}"
        f" WHERE {'true' if all_rows else _IS_WRITTEN} AND day_year BETWEEN $first AND $last ORDER BY day_year",
        {"first": first_day.year, "last": last_day.year},
    ).fetchall()
    # No table: creating one for each mart would cost as much as the check.
    connection.register("business_day", business_days(zone or "UTC", tuple(year for (year,) in years)))
