"""How columns of delivered texts are read as contract types: the fast lane's reading.

Each reading gives the values of those texts that are plainly good, and null for the rest; absent values are told
apart by the caller. What is read must be exactly what `cdp_etl.contract.parsers` reads; the tests hold the two
together. Put here one function a type, and no rule that looks at a second field but the clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.normalization_settings import EARLIEST
from cdp_etl.normalize.fast_path.text_columns import stripped

_ZERO_FRACTION: Final = r"^([+-]?[0-9]{1,15})\.0+$"
_ISO_8601: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:[.,][0-9]{1,9})?"
    r"(?:[Zz]|[+-](?:0[0-9]|1[0-9]|2[0-3])(?::?[0-5][0-9])?)?$"
)
_FRACTION: Final = r"^.{19}[.,]([0-9]{1,6})"
_OFFSET: Final = r"([+-])([0-9]{2})(?::?([0-9]{2}))?$"
_PLAIN_LIST: Final = r'^\["[^"\\\x00-\x1f]*"(?:,"[^"\\\x00-\x1f]*")*\]$'

_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_HOUR: Final = 3_600_000_000
_MOMENT: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class ColumnClock:
    """What places the moments of a batch on the UTC axis.

    Attributes:
        shift: Microseconds that moments are ahead of UTC, by row.
        epoch_is_utc: Whether epoch milliseconds are UTC already, by row.
        first_refused: The first moment that is too late for the dump.
    """

    shift: pl.Series
    epoch_is_utc: pl.Series
    first_refused: datetime


def shift_of(hours: pl.Series) -> pl.Series:
    """Give the shift of a column of hours; null shifts nothing."""
    return hours.fill_null(0) * _HOUR


def read_column(values: pl.Series, column: Col) -> pl.Series:
    """Read a column that is no moment as a contract type; null where it is absent or not plainly good.

    Args:
        values: Trimmed texts, or values of a type of their own where the format has types.
        column: What the contract says of it.
    """
    match column.type:
        case ContractType.STRING:
            return _choices(values, column.vocabulary) if column.vocabulary else values
        case ContractType.INTEGER | ContractType.LONG:
            return _within(_whole(values), column)
        case ContractType.DOUBLE:
            numbers = values.cast(pl.Float64(), strict=False)
            return _only(numbers, numbers.is_finite())
        case ContractType.BOOLEAN:
            return _yes_or_no(values)
        case ContractType.LIST:
            return _lists(values)
        case ContractType.TIMESTAMP:
            raise TypeError("a moment is read with a clock, by read_moments")


def read_moments(values: pl.Series, clock: ColumnClock, texts: pl.Series | None = None) -> pl.Series:
    """Read a column of moments; null where one is absent or not plainly good.

    Args:
        values: Epoch milliseconds, moments, or texts of either.
        clock: What places them.
        texts: Those that were delivered as text, where `values` holds the others.
    """
    if isinstance(values.dtype, pl.Datetime):
        utc = values.dt.cast_time_unit("us").dt.replace_time_zone(None).dt.epoch("us")
        if values.dtype.time_zone is None:
            utc -= clock.shift
    else:
        milliseconds = _whole(values)
        milliseconds = _only(milliseconds, milliseconds.is_between(-(10**15), 10**15))
        utc = milliseconds * 1000 - clock.shift.set(clock.epoch_is_utc, 0)
        iso = values if values.dtype == pl.String() else texts
        if iso is not None:
            utc = _read_rest(utc, iso, lambda places: _iso(iso.gather(places), clock.shift.gather(places)))
    first, beyond = (int(moment.timestamp()) * 1_000_000 for moment in (EARLIEST, clock.first_refused))
    return _only(utc, (utc >= first) & (utc < beyond)).cast(_MOMENT)


def _only(values: pl.Series, chosen: pl.Series) -> pl.Series:
    """Give the values that are chosen, null for the others."""
    return values if chosen.all() else values.set(~chosen.fill_null(value=False), None)


def _read_rest(read: pl.Series, values: pl.Series, reader: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Read what is there but was not read in another way, given its places."""
    if read.null_count() == values.null_count():
        return read
    places = (read.is_null() & values.is_not_null()).arg_true()
    return read.scatter(places, reader(places))


def _choices(texts: pl.Series, vocabulary: tuple[str, ...]) -> pl.Series:
    spelled = {choice.lower(): choice for choice in vocabulary}
    return texts.str.to_lowercase().replace_strict(spelled, default=None, return_dtype=pl.String())


def _whole(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Int64():
        return values
    return _read_rest(values.cast(pl.Int64(), strict=False), values, lambda at: _zero_fractions(values.gather(at)))


def _zero_fractions(texts: pl.Series) -> pl.Series:
    return texts.str.extract(_ZERO_FRACTION).cast(pl.Int64(), strict=False)


def _within(numbers: pl.Series, column: Col) -> pl.Series:
    if column.minimum is None or column.maximum is None:
        return numbers
    return _only(numbers, numbers.is_between(column.minimum, column.maximum))


def _yes_or_no(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean():
        return values
    return values.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean())


def _iso(texts: pl.Series, shift: pl.Series) -> pl.Series:
    """Read ISO 8601 texts with seconds; an offset of their own stands in the place of the shift."""
    text = pl.when(pl.col("text").str.contains(_ISO_8601)).then("text")
    clock_time = pl.concat_str(text.str.slice(0, 10), text.str.slice(11, 8), separator=" ")
    local = clock_time.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False).dt.epoch("us")
    fraction = text.str.extract(_FRACTION).str.pad_end(6, "0").cast(pl.Int64(), strict=False).fill_null(0)
    hours, minutes = (text.str.extract(_OFFSET, group).cast(pl.Int64()) for group in (2, 3))
    minutes = hours * 60 + minutes.fill_null(0)
    own = pl.when(text.str.extract(_OFFSET, 1) == "-").then(-minutes).otherwise(minutes) * 60_000_000
    ahead = pl.when(text.str.contains("[Zz]$")).then(0).otherwise(pl.coalesce(own, "shift"))
    return pl.DataFrame({"text": texts, "shift": shift}).select(local + fraction - ahead).to_series()


def _lists(values: pl.Series) -> pl.Series:
    """Read arrays of plain texts, and plain texts as lists of one."""
    if isinstance(values.dtype, pl.List):
        return values
    text = pl.col("text")
    inner = text.str.slice(2, text.str.len_chars() - 4)
    items = pl.when(text.str.contains(_PLAIN_LIST)).then(inner).str.split('","')
    blank = stripped(pl.element())
    is_trimmed = items.list.eval((blank == pl.element()) & (blank.str.len_bytes() > 0)).list.all()
    lists = (
        pl.when(items.is_not_null() & is_trimmed)
        .then(items)
        .when(text == "[]")
        .then(pl.lit([], pl.List(pl.String())))
        .when(~text.str.starts_with("["))
        .then(pl.concat_list(text))
    )
    return pl.DataFrame({"text": values}).select(lists).to_series()
