"""Parser of one JSON value as the type of its field.

Its values equal those of `contract.parsers`, which tests prove. A record with a value in an unusual form goes to
the reference path.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.canonical_json import write_value
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import load_u8
from cdp_etl.normalize.jit.strings import may_not_be_nfc, trim, unescape
from cdp_etl.normalize.jit.tokens import (
    ALSE,
    DOT,
    HAS_ESCAPE,
    HAS_NON_ASCII,
    INTEGER_FORM,
    LOWER_F,
    LOWER_N,
    LOWER_T,
    MINUS,
    NINE,
    OPEN_ARRAY,
    OPEN_OBJECT,
    PLUS,
    QUOTE,
    SPACE,
    TOO_MANY_DIGITS,
    TRUE,
    ZERO,
    find_string_end,
    load_u32,
    read_number,
    skip_literal,
)  # fmt: skip # one list, not one a line

STRING: Final = 0
LIST: Final = 1
INTEGER: Final = 2
DOUBLE: Final = 3
BOOLEAN: Final = 4
TIMESTAMP: Final = 5
"""Kind of a field: the type as which its values are parsed."""

ABSENT: Final = 0
PARSED: Final = 1
AS_TEXT: Final = 2
MAY_NOT_BE_NFC: Final = 3
"""State of a cell: no value; a value of the field's type; a string for `fast_path/parsers.py`, or the string
of an integer in addition to the value; a string to be normalized by `nfc.py`."""

MALFORMED: Final = -1
UNSUPPORTED: Final = -2
"""Returned instead of the offset after a value: it is not JSON, or its form is unusual for the field's type."""

INPUT_BUFFER: Final = 0
OUTPUT_BUFFER: Final = 1
"""Buffer of a string: the delivered bytes, or the bytes that the scan has written."""

_MAX_NUMBER_TEXT_LENGTH: Final = 100
_MAX_INTEGER: Final = 10**17
_LOWERCASE_BITS: Final = 0x20202020
"""Bits that make four ASCII letters lower case."""
_MAX_EXACT_DOUBLE: Final = 2**53
_MAX_EXACT_POWER: Final = 22
_POWERS_OF_TEN: Final = np.array([10.0**power for power in range(_MAX_EXACT_POWER + 1)])
"""Exact powers. One multiplication or division of two exact numbers rounds once, so its result is correct."""


@compiled
def read_value(
    data: int, pos: int, end: int, kind: int, output: int, out: int, scratch: int
) -> tuple[int, int, int, int, int, int, int, float]:
    """Parse a value.

    Return the offset after the value, the end of the output, the state, the buffer, start and end of the string,
    the integer (1 for true), and the double.
    """
    code = load_u8(data, pos)
    if code == QUOTE:
        close, flags = find_string_end(data, pos + 1, end)
        if close < 0:
            return MALFORMED, out, ABSENT, 0, 0, 0, 0, 0.0
        if not flags & HAS_ESCAPE:
            state, start, last, number = _parse_text(data, pos + 1, close, flags & HAS_NON_ASCII, kind)
            return close + 1 if state >= 0 else UNSUPPORTED, out, state, INPUT_BUFFER, start, last, number, 0.0
        next_out = unescape(data, pos + 1, close, output, out)
        if next_out < 0:
            return MALFORMED, out, ABSENT, 0, 0, 0, 0, 0.0
        state, start, last, number = _parse_text(output, out, next_out, HAS_NON_ASCII, kind)
        return close + 1 if state >= 0 else UNSUPPORTED, next_out, state, OUTPUT_BUFFER, start, last, number, 0.0
    if code == MINUS or ZERO <= code <= NINE:
        next_pos, state, number, double = _parse_number(data, pos, end, kind)
        return next_pos, out, state, INPUT_BUFFER, pos, next_pos, number, double
    if code == OPEN_ARRAY and kind == LIST:
        next_pos, next_out = write_value(data, pos, end, output, out, scratch)
        if next_pos < 0:
            return UNSUPPORTED, out, ABSENT, 0, 0, 0, 0, 0.0
        state = MAY_NOT_BE_NFC if may_not_be_nfc(output, out, next_out) else PARSED
        return next_pos, next_out, state, OUTPUT_BUFFER, out, next_out, 0, 0.0
    if code == OPEN_ARRAY or code == OPEN_OBJECT:
        return UNSUPPORTED, out, ABSENT, 0, 0, 0, 0, 0.0
    next_pos = skip_literal(data, pos, end)
    if code == LOWER_N:
        return next_pos, out, ABSENT, 0, 0, 0, 0, 0.0
    if next_pos > 0 and kind != BOOLEAN:
        return UNSUPPORTED, out, ABSENT, 0, 0, 0, 0, 0.0
    return next_pos, out, PARSED, 0, 0, 0, 1 if code == LOWER_T else 0, 0.0


@compiled
def _parse_text(data: int, start: int, end: int, non_ascii: int, kind: int) -> tuple[int, int, int, int]:
    """Parse a string as a field's type.

    Return the state, -1 if the string is unsupported, the start and end of the trimmed string, and the integer.
    """
    start, end = trim(data, start, end)
    if start == end:
        return ABSENT, 0, 0, 0
    if kind <= LIST:
        is_uncertain = non_ascii != 0 and may_not_be_nfc(data, start, end)
        return MAY_NOT_BE_NFC if is_uncertain else PARSED, start, end, 0
    if kind == DOUBLE:
        return AS_TEXT, start, end, 0
    if kind == BOOLEAN:
        boolean = _parse_boolean_text(data, start, end)
        return PARSED if boolean >= 0 else -1, 0, 0, boolean
    is_integer, number = _parse_integer_text(data, start, end)
    if is_integer:
        return AS_TEXT if kind == INTEGER else PARSED, start, end, number
    return AS_TEXT if kind == TIMESTAMP else -1, start, end, 0


@compiled
def _parse_boolean_text(data: int, start: int, end: int) -> int:
    """Return 1 for true, 0 for false, -1 for any other string."""
    if end == start + 1 and ZERO <= load_u8(data, start) <= ZERO + 1:
        return load_u8(data, start) - ZERO
    if end == start + 4 and load_u32(data, start) | _LOWERCASE_BITS == TRUE:
        return 1
    is_false = end == start + 5 and load_u8(data, start) | SPACE == LOWER_F
    return 0 if is_false and load_u32(data, start + 1) | _LOWERCASE_BITS == ALSE else -1


@compiled
def _parse_integer_text(data: int, start: int, end: int) -> tuple[bool, int]:
    """Parse an integer, with or without a fraction of zeros; return whether it is one, and its value."""
    is_negative = load_u8(data, start) == MINUS
    pos = start + 1 if is_negative or load_u8(data, start) == PLUS else start
    first = pos
    number = 0
    while pos < end and ZERO <= load_u8(data, pos) <= NINE:
        if number >= _MAX_INTEGER:
            return False, 0
        number = number * 10 + (load_u8(data, pos) - ZERO)
        pos += 1
    if pos == first:
        return False, 0
    if pos + 1 < end and load_u8(data, pos) == DOT:
        pos += 1
        while pos < end and load_u8(data, pos) == ZERO:
            pos += 1
    return pos == end, -number if is_negative else number


@compiled
def _parse_number(data: int, pos: int, end: int, kind: int) -> tuple[int, int, int, float]:
    """Parse a number as a field's type; return the offset after it, the state, the integer and the double."""
    next_pos, shape, digits, power = read_number(data, pos, end)
    if next_pos < 0:
        return MALFORMED, ABSENT, 0, 0.0
    is_negative = load_u8(data, pos) == MINUS
    if kind == DOUBLE:
        if digits == TOO_MANY_DIGITS or abs(digits) > _MAX_EXACT_DOUBLE or abs(power) > _MAX_EXACT_POWER:
            return next_pos, AS_TEXT, 0, 0.0
        if digits == 0 and is_negative and shape != INTEGER_FORM:
            return next_pos, PARSED, 0, -0.0
        return (
            next_pos,
            PARSED,
            0,
            digits / _POWERS_OF_TEN[-power] if power < 0 else digits * _POWERS_OF_TEN[power],
        )
    if kind <= LIST:
        is_minus_zero = is_negative and load_u8(data, pos + 1) == ZERO
        if shape != INTEGER_FORM or is_minus_zero or next_pos - pos > _MAX_NUMBER_TEXT_LENGTH:
            return UNSUPPORTED, ABSENT, 0, 0.0
        return next_pos, PARSED, 0, 0.0
    if kind == BOOLEAN:
        is_boolean = next_pos == pos + 1 and load_u8(data, pos) <= ZERO + 1
        return next_pos if is_boolean else UNSUPPORTED, PARSED, digits, 0.0
    is_integer, number = _to_integer(digits, power)
    return next_pos if is_integer else UNSUPPORTED, PARSED, number, 0.0


@compiled
def _to_integer(digits: int, power: int) -> tuple[bool, int]:
    """Return whether digits * 10**power is an integer within the supported range, and its value."""
    if digits == TOO_MANY_DIGITS:
        return False, 0
    if digits == 0:
        return True, 0
    while power < 0 and digits % 10 == 0:
        digits //= 10
        power += 1
    while power > 0 and abs(digits) < _MAX_INTEGER:
        digits *= 10
        power -= 1
    return power == 0, digits
