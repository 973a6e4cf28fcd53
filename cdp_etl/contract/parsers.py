"""Parsers of delivered values, one per contract type. The reference path uses them, so they are authoritative.

Each `parse_…` accepts a value from strict JSON (str, int, Decimal, bool, list, dict, None) or a datetime from
Parquet. It returns the value to store, or None for an absent value, or raises `InvalidValueError`. A parser sees
one field only; `TimestampContext` carries what timestamps need of two others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.composed_text import compose
from cdp_etl.contract.normalization_settings import MIN_TIMESTAMP

WRONG_TYPE: Final = "wrong type"
OUT_OF_RANGE: Final = "out of range"
OUT_OF_RANGE_SECONDS: Final = "out of range, looks like seconds where milliseconds are expected"
OUT_OF_RANGE_MICROSECONDS: Final = "out of range, looks like microseconds where milliseconds are expected"
FRACTION_OF_SECONDS: Final = "wrong type, looks like seconds with a fraction where milliseconds are expected"
JSON_DATE: Final = "wrong type, looks like /Date(…)/ where milliseconds are expected"
REQUIRED: Final = "required"

WHITESPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Characters with Unicode's White_Space property. `str.strip()` would also remove U+001C to U+001F."""

INVISIBLE_MARKS: Final = "\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""Marks that nobody sees and that copied ids and contacts contain, as a set of a regular expression."""
JOINERS: Final = "\u200c\u200d"
"""Marks that belong to words of some scripts, and to nothing at the edges of an id."""

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
_INTEGER_DIGITS: Final = 19
_MARKS = re.compile(f"[{INVISIBLE_MARKS}]")
_PLAIN_INTEGER = re.compile(r"[+-]?[0-9]+(\.0+)?")
_DECIMAL_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO_8601 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_FRACTION_OF_SECONDS = re.compile(r"[0-9]{9,11}\.[0-9]+", re.ASCII)
_JSON_DATE = re.compile(r"\\?/Date\(-?[0-9]+([+-][0-9]{4})?\)\\?/", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InvalidValueError(ValueError):
    """The value cannot be parsed as its type. The message is the `<fact>` of a reason `<field>: <fact>`."""


@dataclass(frozen=True, slots=True)
class TimestampContext:
    """Conversion of a record's delivered timestamps to UTC.

    Attributes:
        shift_hours: The record's `timezoneGmt`: UTC is the delivered value minus it (inferred from "you should
            send this value"). None if `timezoneGmt` itself is invalid: then only the type is checked.
        epoch_is_utc: Whether the source's epoch milliseconds already are UTC (house rule, a setting).
        upper_bound: First timestamp that is too late for the dump.
    """

    shift_hours: int | None
    epoch_is_utc: bool
    upper_bound: datetime


def normalize_text(text: str) -> str:
    """Return the text in NFC, without leading and trailing Unicode white space."""
    return compose(text.strip(WHITESPACE))


def without_invisible_marks(text: str) -> str:
    """Return an id or a contact without invisible marks and outer white space (house rule)."""
    if text.isascii():  # all marks are outside of ASCII
        return normalize_text(text)
    return normalize_text(_MARKS.sub("", text).strip(WHITESPACE + JOINERS))


def parse_text(value: Any) -> str | None:
    """Parse a String: text, or an integer as decimal text. Blank text is absent."""
    match value:
        case None:
            return None
        case str():
            return normalize_text(value) or None
        case bool():
            raise InvalidValueError(WRONG_TYPE)
        case int():
            return str(value)
        case Decimal() if (number := _integer_of(value)) is not None and INT64_MIN <= number <= INT64_MAX:
            return str(number)
    raise InvalidValueError(WRONG_TYPE)


def parse_choice(value: Any, vocabulary: tuple[str, ...]) -> str | None:
    """Parse a value of a closed vocabulary, ignoring case. Return the contract's spelling."""
    text = parse_text(value)
    if text is None:
        return None
    for choice in vocabulary:
        if choice.lower() == text.lower():
            return choice
    raise InvalidValueError(f"not one of {', '.join(vocabulary)}")


def parse_integer(value: Any, *, minimum: int | None = None, maximum: int | None = None) -> int | None:
    """Parse an Integer or Long: a number without fraction, or its text, within 64 bits."""
    number = _parse_any_integer(value)
    if number is None:
        return None
    if not (INT64_MIN if minimum is None else minimum) <= number <= (INT64_MAX if maximum is None else maximum):
        raise InvalidValueError(OUT_OF_RANGE)
    return number


def parse_double(value: Any) -> float | None:
    """Parse a Double: a JSON number or the text of a decimal number. It must be finite."""
    if isinstance(value, str):
        value = normalize_text(value) or None
        if value is not None and not _DECIMAL_NUMBER.fullmatch(value):
            raise InvalidValueError(WRONG_TYPE)
    match value:
        case None:
            return None
        case bool():
            raise InvalidValueError(WRONG_TYPE)
        case int() | Decimal() | str():
            try:
                number = float(value)
            except OverflowError:
                raise InvalidValueError(WRONG_TYPE) from None
            if abs(number) != float("inf") and number == number:  # noqa: PLR0124 - only NaN differs from itself
                return number
    raise InvalidValueError(WRONG_TYPE)


def parse_boolean(value: Any) -> bool | None:
    """Parse a Boolean: true or false, 1 or 0, or their text in any case."""
    match value:
        case None | bool():
            return value
        case int() if value in {0, 1}:
            return value == 1
        case str():
            text = normalize_text(value).lower()
            if not text:
                return None
            if text in _BOOLEANS:
                return _BOOLEANS[text]
    raise InvalidValueError(WRONG_TYPE)


def parse_timestamp(value: Any, context: TimestampContext) -> datetime | None:
    """Parse a Timestamp as UTC: epoch milliseconds, or ISO 8601 text with date and time (house rule).

    ISO text with an offset is shifted by that offset alone. ISO text without one is shifted by `timezoneGmt`,
    as numbers are.
    """
    if isinstance(value, datetime):
        timestamp, is_absolute = value, value.tzinfo is not None
        return _to_utc(
            timestamp if is_absolute else timestamp.replace(tzinfo=UTC), context, is_absolute=is_absolute
        )
    if isinstance(value, str) and (iso := _ISO_8601.fullmatch(normalize_text(value))):
        return _to_utc(_iso_timestamp(iso), context, is_absolute=iso[8] is not None)
    try:
        milliseconds = _parse_any_integer(value)
    except InvalidValueError:
        raise InvalidValueError(_timestamp_fact(value, context)) from None
    if milliseconds is None:
        return None
    if not INT64_MIN <= milliseconds <= INT64_MAX:
        raise InvalidValueError(OUT_OF_RANGE)
    try:
        return _to_utc(_from_epoch(milliseconds), context, is_absolute=context.epoch_is_utc)
    except (OverflowError, InvalidValueError):
        raise InvalidValueError(_range_fact(milliseconds, context)) from None


def parse_list(value: Any) -> list[str] | None:
    """Parse a List: an array of strings, the text of a JSON array, or one plain string (house rule).

    Integers become text; nulls and blank strings are dropped. Text that is not a JSON array becomes the only item.
    """
    if isinstance(value, str):
        text = normalize_text(value)
        value = text or None
        if text.startswith("["):
            try:
                value = strict_json.parse(text)
            except strict_json.MalformedJsonError:
                value = text
    if value is None:
        return None
    items = [parse_text(item) for item in (value if isinstance(value, list) else [value])]
    return [item for item in items if item is not None]


_PARSERS: dict[ContractType, Callable[[Any, Col], Any]] = {
    ContractType.STRING: lambda value, col: (
        parse_choice(value, col.vocabulary) if col.vocabulary else parse_text(value)
    ),
    ContractType.INTEGER: lambda value, col: parse_integer(value, minimum=col.minimum, maximum=col.maximum),
    ContractType.LONG: lambda value, col: parse_integer(value, minimum=col.minimum, maximum=col.maximum),
    ContractType.DOUBLE: lambda value, _: parse_double(value),
    ContractType.BOOLEAN: lambda value, _: parse_boolean(value),
    ContractType.LIST: lambda value, _: parse_list(value),
}


def parse_value(value: Any, col: Col, context: TimestampContext | None) -> Any:
    """Parse one delivered value as its column's type; None is absent. Only Timestamp columns have a context.

    Raises:
        InvalidValueError: If the value cannot be parsed.
    """
    if context is not None:
        return parse_timestamp(value, context)
    if isinstance(value, str) and (col.is_id or col.is_contact):
        value = without_invisible_marks(value)
    return _PARSERS[col.type](value, col)


_TOO_LARGE: Final = 10**_INTEGER_DIGITS


def _integer_of(number: Decimal) -> int | None:
    """Return the number as int, or None if it has a fraction.

    The exponent is checked first, because 1e999999999 would expand to a billion digits. A number with more digits
    than 64 bits can hold is replaced by one that is out of that range as well.
    """
    if not number.is_finite():
        return None
    if number == 0:
        return 0
    if number.adjusted() < 0:
        return None
    if number.adjusted() >= _INTEGER_DIGITS:
        return _TOO_LARGE if number > 0 else -_TOO_LARGE
    whole = number.to_integral_value()  # as_integer_ratio takes minutes for a million digits
    return int(whole) if whole == number else None


def _parse_any_integer(value: Any) -> int | None:
    """Return the integer that a value denotes, even beyond 64 bits; None if the value is absent."""
    match value:
        case None:
            return None
        case bool():
            raise InvalidValueError(WRONG_TYPE)
        case int():
            return value
        case str():
            text = normalize_text(value)
            if not text:
                return None
            if not _PLAIN_INTEGER.fullmatch(text):
                raise InvalidValueError(WRONG_TYPE)
            value = Decimal(text)
    number = _integer_of(value) if isinstance(value, Decimal) else None
    if number is None:
        raise InvalidValueError(WRONG_TYPE)
    return number


def _from_epoch(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _iso_timestamp(iso: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in iso.groups()[:6])
    microsecond = int((iso[7] or "0").ljust(6, "0")[:6])
    try:
        timestamp = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_offset(iso[8]))
        return timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValueError(WRONG_TYPE) from None


def _offset(text: str | None) -> timezone:
    if text is None or text.upper() in {"Z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _to_utc(timestamp: datetime, context: TimestampContext, *, is_absolute: bool) -> datetime:
    """Shift a timestamp to UTC and check that it is in the dump's range."""
    if context.shift_hours is None:
        return timestamp
    try:
        utc = timestamp if is_absolute else timestamp - timedelta(hours=context.shift_hours)
    except OverflowError:
        raise InvalidValueError(OUT_OF_RANGE) from None
    if not MIN_TIMESTAMP <= utc < context.upper_bound:
        raise InvalidValueError(OUT_OF_RANGE)
    return utc.astimezone(UTC)


def _range_fact(milliseconds: int, context: TimestampContext) -> str:
    """Return `out of range`, with a hint if the number would be in range in another unit."""
    if _is_in_range(milliseconds * 1000, context):
        return OUT_OF_RANGE_SECONDS
    return OUT_OF_RANGE_MICROSECONDS if _is_in_range(milliseconds // 1000, context) else OUT_OF_RANGE


def _timestamp_fact(value: Any, context: TimestampContext) -> str:
    """Return `wrong type`, with a hint if a value that is no integer is a common form of a timestamp."""
    text = normalize_text(value) if isinstance(value, str) else str(value)
    if _JSON_DATE.fullmatch(text):
        return JSON_DATE
    if _FRACTION_OF_SECONDS.fullmatch(text) and _is_in_range(int(text.partition(".")[0]) * 1000, context):
        return FRACTION_OF_SECONDS
    return WRONG_TYPE


def _is_in_range(milliseconds: int, context: TimestampContext) -> bool:
    if context.shift_hours is None:
        return False
    try:
        _to_utc(_from_epoch(milliseconds), context, is_absolute=context.epoch_is_utc)
    except (OverflowError, InvalidValueError):
        return False
    return True
