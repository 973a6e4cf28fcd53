"""How columns of delivered texts are read as contract types: the fast lane's reading.

Each reading gives the values of those texts that are plainly good, and null for the rest; absent values are told
apart by the caller. What is read must be exactly what `cdp_etl.contract.values` reads; the tests hold the two
together. Put here one function a type, and no rule that looks at a second field but the clock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.rules import EARLIEST
from cdp_etl.contract.values import WHITE_SPACE

_WHOLE_NUMBER: Final = r"^([+-]?[0-9]{1,18})$"
_ZERO_FRACTION: Final = r"^([+-]?[0-9]{1,15})\.0+$"
_DECIMAL_NUMBER: Final = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_ISO_8601: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:[.,][0-9]{1,9})?"
    r"(?:[Zz]|[+-](?:0[0-9]|1[0-9]|2[0-3])(?::?[0-5][0-9])?)?$"
)
_FRACTION: Final = r"^.{19}[.,]([0-9]{1,6})"
_OFFSET: Final = r"([+-])([0-9]{2})(?::?([0-9]{2}))?$"
_PLAIN_LIST: Final = r'^\["[^"\\\x00-\x1f]*"(?:,"[^"\\\x00-\x1f]*")*\]$'

_HOUR: Final = 3_600_000_000
_MOMENT: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class ColumnClock:
    """What places the moments of a batch on the UTC axis.

    Attributes:
        shift_hours: Column of hours that moments are ahead of UTC; null shifts nothing.
        epoch_is_utc: Whether epoch milliseconds are UTC already, by row.
        first_refused: The first moment that is too late for the dump.
    """

    shift_hours: pl.Expr
    epoch_is_utc: pl.Expr
    first_refused: datetime


def read_column(text: pl.Expr, dtype: pl.DataType, column: Col, clock: ColumnClock) -> pl.Expr:
    """Read a column as a contract type; null where it is absent or not plainly good.

    Args:
        text: The column: trimmed text, or a value of `dtype` where the format has types.
        dtype: Its type in the frame.
        column: What the contract says of it.
        clock: What places moments.
    """
    match column.type:
        case ContractType.STRING:
            return _choice(text, column.vocabulary) if column.vocabulary else text
        case ContractType.INTEGER | ContractType.LONG:
            return _within(_whole(text, dtype), column)
        case ContractType.DOUBLE:
            return _double(text, dtype)
        case ContractType.BOOLEAN:
            return _boolean(text, dtype)
        case ContractType.TIMESTAMP:
            return _moment(text, dtype, clock)
        case ContractType.LIST:
            return _texts(text, dtype)


def _choice(text: pl.Expr, vocabulary: tuple[str, ...]) -> pl.Expr:
    spelled = {choice.lower(): choice for choice in vocabulary}
    return text.str.to_lowercase().replace_strict(spelled, default=None, return_dtype=pl.String())


def _whole(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Int64():
        return text
    digits = pl.coalesce(text.str.extract(_WHOLE_NUMBER), text.str.extract(_ZERO_FRACTION))
    return digits.str.strip_prefix("+").cast(pl.Int64(), strict=False)


def _within(number: pl.Expr, column: Col) -> pl.Expr:
    if column.minimum is None and column.maximum is None:
        return number
    return pl.when(number.is_between(pl.lit(column.minimum), pl.lit(column.maximum))).then(number)


def _double(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String():
        text = pl.when(text.str.contains(_DECIMAL_NUMBER)).then(text).str.strip_prefix("+")
    number = text.cast(pl.Float64(), strict=False)
    return pl.when(number.is_finite()).then(number)


def _boolean(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean():
        return text
    known = {"true": True, "false": False, "1": True, "0": False}
    return text.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean())


def _moment(text: pl.Expr, dtype: pl.DataType, clock: ColumnClock) -> pl.Expr:
    shift = clock.shift_hours.fill_null(0).cast(pl.Int64()) * _HOUR
    if isinstance(dtype, pl.Datetime):
        microseconds = text.dt.cast_time_unit("us").dt.replace_time_zone(None).dt.epoch("us")
        utc = microseconds if dtype.time_zone else microseconds - shift
    else:
        milliseconds = _whole(text, dtype)
        milliseconds = pl.when(milliseconds.is_between(-(10**15), 10**15)).then(milliseconds)
        utc = milliseconds * 1000 - pl.when(clock.epoch_is_utc).then(0).otherwise(shift)
        if dtype == pl.String():
            utc = pl.coalesce(utc, _iso(text, shift))
    first = int(EARLIEST.timestamp()) * 1_000_000
    beyond = int(clock.first_refused.timestamp()) * 1_000_000
    return pl.when((utc >= first) & (utc < beyond)).then(utc).cast(_MOMENT)


def _iso(text: pl.Expr, shift: pl.Expr) -> pl.Expr:
    """Read ISO 8601 texts with seconds; an offset of their own stands in the place of the shift."""
    text = pl.when(text.str.contains(_ISO_8601)).then(text)
    clock_time = pl.concat_str(text.str.slice(0, 10), text.str.slice(11, 8), separator=" ")
    local = clock_time.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False).dt.epoch("us")
    fraction = text.str.extract(_FRACTION).str.pad_end(6, "0").cast(pl.Int64(), strict=False).fill_null(0)
    hours, minutes = (text.str.extract(_OFFSET, group).cast(pl.Int64()) for group in (2, 3))
    minutes = hours * 60 + minutes.fill_null(0)
    own = pl.when(text.str.extract(_OFFSET, 1) == "-").then(-minutes).otherwise(minutes) * 60_000_000
    is_zulu = text.str.contains("[Zz]$")
    return local + fraction - pl.when(is_zulu).then(0).otherwise(pl.coalesce(own, shift))


def _texts(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read arrays of plain texts, and plain texts as lists of one."""
    if isinstance(dtype, pl.List):
        return text
    inner = text.str.slice(2, text.str.len_chars() - 4)
    items = pl.when(text.str.contains(_PLAIN_LIST)).then(inner).str.split('","')
    blank = pl.element().str.strip_chars(WHITE_SPACE)
    is_trimmed = items.list.eval((blank == pl.element()) & (blank.str.len_bytes() > 0)).list.all()
    return (
        pl.when(items.is_not_null() & is_trimmed)
        .then(items)
        .when(text == "[]")
        .then(pl.lit([], pl.List(pl.String())))
        .when(~text.str.starts_with("["))
        .then(pl.concat_list(text))
    )
