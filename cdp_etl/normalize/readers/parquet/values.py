"""Values of a Parquet row in the form in which strict JSON would deliver them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final, TypeAlias

import pyarrow as pa

ArrowColumn: TypeAlias = "pa.Array[Any]"
"""One column of a batch of rows."""

_OUT_OF_RANGE: Final = "<value out of range"
"""Start of Arrow's text of a date that no calendar has, such as an infinite one."""


def python_value(scalar: Any) -> Any:
    """Return an Arrow value in Python's types; a value that these cannot hold is text or a number.

    Such are dates before the year 1 or after 9999, infinite ones, and times with nanoseconds.
    """
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, NotImplementedError):
        pass
    if isinstance(scalar, pa.StructScalar):
        return {name: python_value(inner) for name, inner in scalar.items()}
    kind: pa.DataType = scalar.type
    if isinstance(scalar, pa.MapScalar):
        members: Any = scalar.values
        return [(python_value(item["key"]), python_value(item["value"])) for item in members]
    if isinstance(scalar, pa.ListScalar):
        items: Any = scalar.values
        return [python_value(item) for item in items]
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        return int(scalar.cast(pa.int64()).as_py()) // 1000
    try:
        text: str = scalar.cast(pa.string()).as_py()
    except pa.ArrowException:
        text = _OUT_OF_RANGE
    unit = getattr(kind, "unit", "day")
    is_number = text.startswith(_OUT_OF_RANGE) or pa.types.is_duration(kind)
    return f"{scalar.value} {unit}" if is_number else text


def python_values(column: ArrowColumn) -> list[Any]:
    """Return the values of a column as `python_value` does."""
    try:
        return column.to_pylist()
    except (ValueError, OverflowError, NotImplementedError):
        return [python_value(scalar) for scalar in column]


def as_json(value: Any) -> Any:  # noqa: PLR0911 - one a type
    """Convert a value to one that JSON supports: dates and times to ISO text, null members dropped."""
    match value:
        case dict():
            return {str(key): as_json(inner) for key, inner in value.items() if inner is not None}
        case list() if value and all(isinstance(item, tuple) for item in value):
            return {str(key): as_json(inner) for key, inner in value if inner is not None}
        case list():
            return [as_json(item) for item in value]
        case float():
            return as_delivered(value) if isfinite(value) else str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return Decimal(value // timedelta(microseconds=1)).scaleb(-6)
        case bytes():
            return value.hex()
        case None | str() | bool() | int() | Decimal():
            return value
    return str(value)


def as_delivered(value: Any) -> Any:
    """Convert floating-point numbers to decimals with the shortest digits that mean the same number."""
    if isinstance(value, float) and isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [as_delivered(item) for item in value]
    return value
