"""JSON as RFC 8259 has it: read without losing a digit, and written again as it was.

Of a repeated key the last wins. Numbers with fraction or exponent become Decimal, so that nothing is rounded
before a field's type is known.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import simplejson

_LONGEST_INTEGER = 4_000
"""Digits; Python refuses to read far longer ones, and no id has as many."""

MAX_DEPTH = 100
"""Levels of nesting that are read (house rule), so that no reader's own limit decides."""


class MalformedJsonError(ValueError):
    """The text is not JSON as RFC 8259 has it; the message says why, without quoting the text."""

    def __init__(self, fact: str, offset: int | None = None) -> None:
        """Keep the fact and, where known, the character offset of the fault."""
        super().__init__(fact)
        self.offset = offset


class JsonLimitError(MalformedJsonError):
    """The text may be JSON by its grammar, but is not read.

    It is nested too deeply, or holds a number without end or half a character. Where it is part of a longer text,
    that one goes on being JSON behind it.
    """


def parse(text: str) -> Any:
    """Read one JSON value.

    Raises:
        JsonLimitError: where it is nested too deeply, or holds a number or text that cannot be kept.
        MalformedJsonError: where it is no JSON.
    """
    try:
        value = _DECODER.decode(text)
        text.encode()
    except json.JSONDecodeError as error:
        raise MalformedJsonError(error.msg, error.pos) from None
    except RecursionError:
        raise JsonLimitError("nested too deeply") from None
    except UnicodeEncodeError as error:
        raise JsonLimitError("lone surrogate", error.start) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper_than(MAX_DEPTH, value):
        raise JsonLimitError("nested too deeply")
    if "\\u" in text and _holds_lone_surrogate(value):
        raise JsonLimitError("lone surrogate")
    return value


def serialize(value: Any) -> str:
    """Write a value that `parse` gave, compactly, in UTF-8 and with every digit it had."""
    return str(simplejson.dumps(value, ensure_ascii=False, separators=(",", ":"), use_decimal=True))


def _is_deeper_than(levels: int, value: Any) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(value, list | dict) for value in layer)


def _holds_lone_surrogate(value: Any) -> bool:
    try:
        serialize(value).encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not a JSON number")


def _read_integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise JsonLimitError(f"a number of more than {_LONGEST_INTEGER} digits")
    return int(digits)


def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise JsonLimitError("an exponent beyond all bounds") from None


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_read_integer, parse_float=_read_number)
