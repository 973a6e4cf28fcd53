"""Values of a Parquet row in the form in which strict JSON would deliver them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

ArrowColumn: TypeAlias = "pa.Array[Any]"
"""One column of a batch of rows."""


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
    return value


def as_delivered(value: Any) -> Any:
    """Convert floating-point numbers to decimals with the shortest digits that mean the same number."""
    if isinstance(value, float) and isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [as_delivered(item) for item in value]
    return value
