"""Value rules of a mart: those that follow from its columns, and those that it declares.

A row satisfies them whatever the other rows are, so a run checks only the rows that it wrote.
"""

from collections.abc import Iterator
from typing import cast

import polars as pl

from cdp_etl.contract.table import DATE, DOUBLE, INTEGER, TIMESTAMP, TableColumn
from cdp_etl.marts.columns import ACTIVITY_DATE, FIRST_AT, LAST_AT, LAST_DATE
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.value_rule import ValueRule

_OCCURRED_AT = "occurred_at"
_BOUNDS = "getvariable('value_bounds')"


def value_rules_of(mart: Mart) -> tuple[ValueRule, ...]:
    """Return the rules of a mart; none for a change log, whose timestamps are those of mart runs."""
    return () if mart.change_log_of else (*_derived_rules(mart), *mart.value_rules)


def day_column(mart: Mart) -> str | None:
    """Return the day that the timestamps of a row belong to, or None if a row has no day or no timestamp."""
    names = {column.name for column in mart.select_columns}
    if names.isdisjoint({_OCCURRED_AT, LAST_AT.name}):
        return None
    return next((day for day in (ACTIVITY_DATE.name, LAST_DATE) if day in names), None)


def _derived_rules(mart: Mart) -> Iterator[ValueRule]:
    columns = mart.select_columns
    names = {column.name for column in columns}
    if timestamps := _paths(columns, TIMESTAMP.polars):
        yield ValueRule(
            "timestamps_are_in_range",
            "Every timestamp is from 2000-01-01 to the end of the second day after the newest dump date, UTC.",
            " AND ".join(
                f"{path} >= {_BOUNDS}.first_timestamp AND {path} < {_BOUNDS}.end_timestamp" for path in timestamps
            ),
        )
    dates = _paths(columns, DATE.polars)
    if months := [path for path in dates if path.endswith("_month")]:
        yield ValueRule(
            "months_are_in_range",
            "Every month is from 1999-12 to that of the sixth day after the newest dump date.",
            " AND ".join(
                f"{path} BETWEEN date_trunc('month', {_BOUNDS}.first_day) AND {_BOUNDS}.last_day"
                for path in months
            ),
        )
    if days := [path for path in dates if path not in months]:
        yield ValueRule(
            "days_are_in_range",
            "Every day is from 1999-12-29 to the sixth day after the newest dump date.",
            " AND ".join(f"{path} BETWEEN {_BOUNDS}.first_day AND {_BOUNDS}.last_day" for path in days),
        )
    if {FIRST_AT.name, LAST_AT.name} <= names:
        yield ValueRule(
            "first_at_is_not_after_last_at", "`first_at` is not after `last_at`.", "first_at <= last_at"
        )
    if day := day_column(mart):
        timestamps = [name for name in (_OCCURRED_AT, LAST_AT.name) if name in names]
        if day == ACTIVITY_DATE.name and FIRST_AT.name in names:
            timestamps.append(FIRST_AT.name)
        yield ValueRule(
            "days_are_those_of_timestamps",
            f"`{day}` is the day of {' and '.join(f'`{name}`' for name in timestamps)} in the business time zone.",
            # A day without bounds is no day of the calendar: COALESCE makes it a violation.
            " AND ".join(f"coalesce({name} >= starts_at AND {name} < ends_at, false)" for name in timestamps),
        )
    if counts := [column.name for column in columns if _is_count(column)]:
        yield ValueRule(
            "counts_are_not_negative", "No count is negative.", " AND ".join(f"{name} >= 0" for name in counts)
        )
    if rates := [column.name for column in columns if column.name.endswith("_rate")]:
        yield ValueRule(
            "rates_are_from_0_to_1",
            "Every rate is from 0 to 1.",
            " AND ".join(f"{name} BETWEEN 0 AND 1" for name in rates),
        )
    if doubles := [column.name for column in columns if column.type is DOUBLE]:
        yield ValueRule(
            "numbers_are_finite",
            "No number is NaN or infinite.",
            " AND ".join(f"isfinite({name})" for name in doubles),
        )


def _is_count(column: TableColumn) -> bool:
    return column.type is INTEGER and column.name.endswith("_count")


def _paths(columns: tuple[TableColumn, ...], type_: pl.DataType) -> list[str]:
    """Return the paths of all values of a type, those in fields of structs included."""
    return [path for column in columns for path in _paths_within(column.name, column.type.polars, type_)]


def _paths_within(path: str, found: pl.DataType, type_wanted: pl.DataType) -> Iterator[str]:
    if isinstance(found, pl.Struct):
        for name, type_ in found.to_schema().items():
            yield from _paths_within(f"{path}.{name}", cast("pl.DataType", type_), type_wanted)
    elif found == type_wanted:
        yield path
