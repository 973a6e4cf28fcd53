"""JSON strictly by RFC 8259, parsed and serialized without losing a digit.

The last of repeated keys wins. Numbers with a fraction or an exponent become Decimal, so that nothing is rounded
before the field's type is known.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import simplejson

_MAX_INTEGER_DIGITS = 4_000
"""Below Python's own limit for `int(text)`; no id has as many digits."""

_TEXT_BEHIND = "Extra data"
"""Message of Python's decoder for a complete value that is not the end of the text."""

MAX_DEPTH = 100
"""Maximum nesting (house rule), so that the result does not depend on a JSON library's own limit."""


class MalformedJsonError(ValueError):
    """The text is not JSON by RFC 8259. The message has the reason and never quotes the text."""

    def __init__(self, fact: str, offset: int | None = None) -> None:
        """Store the fact and, if known, the character offset of the fault."""
        super().__init__(fact)
        self.offset = offset


class TextBehindError(MalformedJsonError):
    """The text begins with a JSON value; `offset` is the one of the text behind it."""


class NotANumberError(MalformedJsonError):
    """The text contains NaN or Infinity, which is no JSON."""


class JsonLimitError(MalformedJsonError):
    """The text may be valid JSON but exceeds a limit of this parser.

    It is nested too deeply, or contains a number that is too long or a lone surrogate. If the text is part of a
    larger JSON text, the larger one can still be parsed after it.
    """


class LoneSurrogateError(JsonLimitError):
    """A string contains half of a character, which cannot be stored as UTF-8."""


class HugeNumberError(JsonLimitError):
    """A number has too many digits, or an exponent beyond all bounds."""


def parse(text: str) -> Any:
    """Parse one JSON value.

    Raises:
        JsonLimitError: If the text is nested too deeply, or contains a number or string that cannot be stored.
        MalformedJsonError: If the text is not JSON.
    """
    try:
        value = _DECODER.decode(text)
        text.encode()
    except json.JSONDecodeError as error:
        kind = TextBehindError if error.msg == _TEXT_BEHIND else MalformedJsonError
        raise kind(error.msg, error.pos) from None
    except RecursionError:
        raise JsonLimitError("nested too deeply") from None
    except UnicodeEncodeError as error:
        raise LoneSurrogateError("lone surrogate", error.start) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper_than(MAX_DEPTH, value):
        raise JsonLimitError("nested too deeply")
    if "\\u" in text and _contains_lone_surrogate(value):
        raise LoneSurrogateError("lone surrogate")
    return value


def serialize(value: Any) -> str:
    """Serialize a value from `parse` as compact JSON with all its digits."""
    return str(simplejson.dumps(value, ensure_ascii=False, separators=(",", ":"), use_decimal=True))


def _is_deeper_than(levels: int, value: Any) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(value, list | dict) for value in level)


def _contains_lone_surrogate(value: Any) -> bool:
    try:
        serialize(value).encode()
    except UnicodeEncodeError:
        return True
    return False


def _reject_constant(name: str) -> NoReturn:
    raise NotANumberError(f"{name} is not a JSON number")


def _parse_integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise HugeNumberError(f"a number of more than {_MAX_INTEGER_DIGITS} digits")
    return int(digits)


def _parse_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise HugeNumberError("an exponent beyond all bounds") from None


_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_int=_parse_integer, parse_float=_parse_number)
