"""Parsers of string columns as contract types, for the fast path.

A parser returns null for a value that is absent, invalid or in an unusual form; the caller tells these apart.
Every value it returns equals that of `cdp_etl.contract.parsers`; a test compares the two. Only timestamps depend
on other fields of the record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.normalization_settings import MIN_TIMESTAMP
from cdp_etl.normalize.fast_path.text_columns import strip

_ZERO_FRACTION: Final = r"^([+-]?[0-9]{1,15})\.0+$"
_ISO_8601: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:[.,][0-9]{1,9})?"
    r"(?:[Zz]| UTC|[+-](?:0[0-9]|1[0-9]|2[0-3])(?::?[0-5][0-9])?)?$"
)
_FRACTION: Final = r"^.{19}[.,]([0-9]{1,6})"
_OFFSET: Final = r"([+-])([0-9]{2})(?::?([0-9]{2}))?$"
_SIMPLE_LIST: Final = r'^\["[^"\\\x00-\x1f]*"(?:,"[^"\\\x00-\x1f]*")*\]$'

_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_HOUR: Final = 3_600_000_000
_TIMESTAMP: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class ColumnTimestampContext:
    """Data needed to convert the timestamps of a batch to UTC.

    Attributes:
        shift: Microseconds that local time is ahead of UTC, by row.
        epoch_is_utc: Whether epoch milliseconds are UTC already, by row.
        upper_bound: The first timestamp that is too late for the dump.
    """

    shift: pl.Series
    epoch_is_utc: pl.Series
    upper_bound: datetime


def timezone_shift(hours: pl.Series) -> pl.Series:
    """Convert hours to microseconds; null becomes 0."""
    return hours.fill_null(0) * _HOUR


def parse_column(values: pl.Series, column: Col) -> pl.Series:
    """Parse a column of any contract type but timestamps.

    Args:
        values: Trimmed strings, or typed values if the format has types.
        column: The contract's declaration of the column.
    """
    match column.type:
        case ContractType.STRING:
            return _parse_choices(values, column.vocabulary) if column.vocabulary else values
        case ContractType.INTEGER | ContractType.LONG:
            return _within_range(_parse_integers(values), column)
        case ContractType.DOUBLE:
            numbers = values.cast(pl.Float64(), strict=False)
            return _null_unless(numbers, numbers.is_finite())
        case ContractType.BOOLEAN:
            return _parse_booleans(values)
        case ContractType.LIST:
            return _parse_lists(values)
        case ContractType.TIMESTAMP:
            raise TypeError("parse_timestamps parses timestamps, because it has their context")


def parse_timestamps(
    values: pl.Series, context: ColumnTimestampContext, texts: pl.Series | None = None
) -> pl.Series:
    """Parse a column of timestamps.

    Args:
        values: Epoch milliseconds, timestamps, or strings of either.
        context: Time zone and upper bound.
        texts: The values that were delivered as text, if `values` contains only the others.
    """
    if isinstance(values.dtype, pl.Datetime):
        utc = values.dt.cast_time_unit("us").dt.replace_time_zone(None).dt.epoch("us")
        if values.dtype.time_zone is None:
            utc -= context.shift
    else:
        milliseconds = _parse_integers(values)
        milliseconds = _null_unless(milliseconds, milliseconds.is_between(-(10**15), 10**15))
        utc = milliseconds * 1000 - context.shift.set(context.epoch_is_utc, 0)
        iso = values if values.dtype == pl.String() else texts
        if iso is not None:
            utc = _parse_rest(utc, iso, lambda rows: _parse_iso(iso.gather(rows), context.shift.gather(rows)))
    first, beyond = (int(bound.timestamp()) * 1_000_000 for bound in (MIN_TIMESTAMP, context.upper_bound))
    return _null_unless(utc, (utc >= first) & (utc < beyond)).cast(_TIMESTAMP)


def _null_unless(values: pl.Series, is_valid: pl.Series) -> pl.Series:
    """Return the valid values, and null for the others."""
    return values if is_valid.all() else values.set(~is_valid.fill_null(value=False), None)


def _parse_rest(parsed: pl.Series, values: pl.Series, parser: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Parse the values that are not parsed yet with another parser, which receives their row numbers."""
    if parsed.null_count() == values.null_count():
        return parsed
    rows = (parsed.is_null() & values.is_not_null()).arg_true()
    return parsed.scatter(rows, parser(rows))


def _parse_choices(strings: pl.Series, vocabulary: tuple[str, ...]) -> pl.Series:
    spellings = {choice.lower(): choice for choice in vocabulary}
    return strings.str.to_lowercase().replace_strict(spellings, default=None, return_dtype=pl.String())


def _parse_integers(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Int64():
        return values
    return _parse_rest(
        values.cast(pl.Int64(), strict=False), values, lambda rows: _parse_zero_fractions(values.gather(rows))
    )


def _parse_zero_fractions(strings: pl.Series) -> pl.Series:
    return strings.str.extract(_ZERO_FRACTION).cast(pl.Int64(), strict=False)


def _within_range(numbers: pl.Series, column: Col) -> pl.Series:
    if column.minimum is None or column.maximum is None:
        return numbers
    return _null_unless(numbers, numbers.is_between(column.minimum, column.maximum))


def _parse_booleans(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean():
        return values
    return values.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean())


def _parse_iso(strings: pl.Series, shift: pl.Series) -> pl.Series:
    """Parse ISO 8601 strings with seconds; an offset in the string replaces the shift."""
    text = pl.when(pl.col("text").str.contains(_ISO_8601)).then("text")
    clock_time = pl.concat_str(text.str.slice(0, 10), text.str.slice(11, 8), separator=" ")
    local = clock_time.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False).dt.epoch("us")
    fraction = text.str.extract(_FRACTION).str.pad_end(6, "0").cast(pl.Int64(), strict=False).fill_null(0)
    hours, minutes = (text.str.extract(_OFFSET, group).cast(pl.Int64()) for group in (2, 3))
    minutes = hours * 60 + minutes.fill_null(0)
    own = pl.when(text.str.extract(_OFFSET, 1) == "-").then(-minutes).otherwise(minutes) * 60_000_000
    ahead = pl.when(text.str.contains("(?:[Zz]|UTC)$")).then(0).otherwise(pl.coalesce(own, "shift"))
    return pl.DataFrame({"text": strings, "shift": shift}).select(local + fraction - ahead).to_series()


def _parse_lists(values: pl.Series) -> pl.Series:
    """Parse JSON arrays of strings without escapes; any other string becomes a list of one."""
    if isinstance(values.dtype, pl.List):
        return values
    text = pl.col("text")
    inner = text.str.slice(2, text.str.len_chars() - 4)
    items = pl.when(text.str.contains(_SIMPLE_LIST)).then(inner).str.split('","')
    stripped = strip(pl.element())
    is_trimmed = items.list.eval((stripped == pl.element()) & (stripped.str.len_bytes() > 0)).list.all()
    lists = (
        pl.when(items.is_not_null() & is_trimmed)
        .then(items)
        .when(text == "[]")
        .then(pl.lit([], pl.List(pl.String())))
        .when(~text.str.starts_with("["))
        .then(pl.concat_list(text))
    )
    return pl.DataFrame({"text": values}).select(lists).to_series()
