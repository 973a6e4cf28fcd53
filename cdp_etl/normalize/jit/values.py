"""One value read as its field's type: the fast lane's reading of JSON values.

What is read must be exactly what `contract.values` reads; the tests hold the two together. A value that is there
but not plainly of the type is not read, and its record is left to the exact lane. Put here one value at a time.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.canonical_json import write_value
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import byte_at
from cdp_etl.normalize.jit.strings import may_compose, trim, unescape
from cdp_etl.normalize.jit.tokens import (
    ALSE,
    DOT,
    ESCAPED,
    FOREIGN,
    LETTER_F,
    LETTER_N,
    LETTER_T,
    MINUS,
    NINE,
    OPEN_ARRAY,
    OPEN_OBJECT,
    PLUS,
    QUOTE,
    SPACE,
    TOO_LONG,
    TRUE,
    WHOLE,
    ZERO,
    behind_literal,
    end_of_string,
    four_at,
    read_number,
)  # fmt: skip # one list, not one a line

TEXT: Final = 0
LIST: Final = 1
WHOLE_NUMBER: Final = 2
DECIMAL_NUMBER: Final = 3
YES_OR_NO: Final = 4
MOMENT: Final = 5
"""How a field is read."""

ABSENT: Final = 0
READ: Final = 1
AS_TEXT: Final = 2
MAY_COMPOSE: Final = 3
"""What a value came to: nothing; a value of the field's own type; its text, to be read by columns; a text that is
perhaps not in NFC."""

MALFORMED: Final = -1
NOT_PLAIN: Final = -2
"""In the place of where a value ends: it is no JSON, or not plainly of the field's type."""

DELIVERED: Final = 0
ANEW: Final = 1
"""Where a text stands: among the delivered bytes, or among those that were written anew."""

_LONGEST_NUMBER_AS_TEXT: Final = 100
_MOST_PLAIN: Final = 10**17
_LOWER: Final = 0x20202020
"""Makes small letters of four letters."""
_EXACT_IN_DOUBLE: Final = 2**53
_MOST_EXACT_POWER: Final = 22
_POWERS: Final = np.array([10.0**power for power in range(_MOST_EXACT_POWER + 1)])
"""Each is exact, so that one multiplication or division of an exact number rounds once, as it should."""


@compiled
def read_value(
    codes: int, at: int, end: int, kind: int, written: int, to: int, work: int
) -> tuple[int, int, int, int, int, int, int, float]:
    """Read the value that begins here.

    Gives where it ends, where what is written anew ends, what it came to, where its text stands, begins and ends,
    the whole number, and the decimal one.
    """
    code = byte_at(codes, at)
    if code == QUOTE:
        close, holds = end_of_string(codes, at + 1, end)
        if close < 0:
            return MALFORMED, to, ABSENT, 0, 0, 0, 0, 0.0
        if not holds & ESCAPED:
            state, start, stop, number = _read_text(codes, at + 1, close, holds & FOREIGN, kind)
            return close + 1 if state >= 0 else NOT_PLAIN, to, state, DELIVERED, start, stop, number, 0.0
        beyond = unescape(codes, at + 1, close, written, to)
        if beyond < 0:
            return MALFORMED, to, ABSENT, 0, 0, 0, 0, 0.0
        state, start, stop, number = _read_text(written, to, beyond, FOREIGN, kind)
        return close + 1 if state >= 0 else NOT_PLAIN, beyond, state, ANEW, start, stop, number, 0.0
    if code == MINUS or ZERO <= code <= NINE:
        beyond, state, number, decimal = _read_number_as(codes, at, end, kind)
        return beyond, to, state, DELIVERED, at, beyond, number, decimal
    if code == OPEN_ARRAY and kind == LIST:
        beyond, stop = write_value(codes, at, end, written, to, work)
        if beyond < 0:
            return NOT_PLAIN, to, ABSENT, 0, 0, 0, 0, 0.0
        state = MAY_COMPOSE if may_compose(written, to, stop) else READ
        return beyond, stop, state, ANEW, to, stop, 0, 0.0
    if code == OPEN_ARRAY or code == OPEN_OBJECT:
        return NOT_PLAIN, to, ABSENT, 0, 0, 0, 0, 0.0
    beyond = behind_literal(codes, at, end)
    if code == LETTER_N:
        return beyond, to, ABSENT, 0, 0, 0, 0, 0.0
    if beyond > 0 and kind != YES_OR_NO:
        return NOT_PLAIN, to, ABSENT, 0, 0, 0, 0, 0.0
    return beyond, to, READ, 0, 0, 0, 1 if code == LETTER_T else 0, 0.0


@compiled
def _read_text(codes: int, start: int, end: int, foreign: int, kind: int) -> tuple[int, int, int, int]:
    """Read a delivered text; give what it came to, -1 where it is not plain, where it is, and its number."""
    start, end = trim(codes, start, end)
    if start == end:
        return ABSENT, 0, 0, 0
    if kind <= LIST:
        is_odd = foreign != 0 and may_compose(codes, start, end)
        return MAY_COMPOSE if is_odd else READ, start, end, 0
    if kind == DECIMAL_NUMBER:
        return AS_TEXT, start, end, 0
    if kind == YES_OR_NO:
        truth = _truth_in_text(codes, start, end)
        return READ if truth >= 0 else -1, 0, 0, truth
    is_whole, number = _whole_in_text(codes, start, end)
    if is_whole:
        return READ, 0, 0, number
    return AS_TEXT if kind == MOMENT else -1, start, end, 0


@compiled
def _truth_in_text(codes: int, start: int, end: int) -> int:
    """Give 1 for true, 0 for false, -1 for neither."""
    if end == start + 1 and ZERO <= byte_at(codes, start) <= ZERO + 1:
        return byte_at(codes, start) - ZERO
    if end == start + 4 and four_at(codes, start) | _LOWER == TRUE:
        return 1
    is_false = end == start + 5 and byte_at(codes, start) | SPACE == LETTER_F
    return 0 if is_false and four_at(codes, start + 1) | _LOWER == ALSE else -1


@compiled
def _whole_in_text(codes: int, start: int, end: int) -> tuple[bool, int]:
    """Read the text of a plain integer, perhaps with a zero fraction."""
    is_negative = byte_at(codes, start) == MINUS
    at = start + 1 if is_negative or byte_at(codes, start) == PLUS else start
    first = at
    number = 0
    while at < end and ZERO <= byte_at(codes, at) <= NINE:
        if number >= _MOST_PLAIN:
            return False, 0
        number = number * 10 + (byte_at(codes, at) - ZERO)
        at += 1
    if at == first:
        return False, 0
    if at + 1 < end and byte_at(codes, at) == DOT:
        at += 1
        while at < end and byte_at(codes, at) == ZERO:
            at += 1
    return at == end, -number if is_negative else number


@compiled
def _read_number_as(codes: int, at: int, end: int, kind: int) -> tuple[int, int, int, float]:
    """Read a JSON number; give where it ends, what it came to, the whole number, and the decimal one."""
    beyond, shape, digits, power = read_number(codes, at, end)
    if beyond < 0:
        return MALFORMED, ABSENT, 0, 0.0
    is_negative = byte_at(codes, at) == MINUS
    if kind == DECIMAL_NUMBER:
        if digits == TOO_LONG or abs(digits) > _EXACT_IN_DOUBLE or abs(power) > _MOST_EXACT_POWER:
            return beyond, AS_TEXT, 0, 0.0
        if digits == 0 and is_negative and shape != WHOLE:
            return beyond, READ, 0, -0.0
        return beyond, READ, 0, digits / _POWERS[-power] if power < 0 else digits * _POWERS[power]
    if kind <= LIST:
        is_minus_zero = is_negative and byte_at(codes, at + 1) == ZERO
        if shape != WHOLE or is_minus_zero or beyond - at > _LONGEST_NUMBER_AS_TEXT:
            return NOT_PLAIN, ABSENT, 0, 0.0
        return beyond, READ, 0, 0.0
    if kind == YES_OR_NO:
        is_plain = beyond == at + 1 and byte_at(codes, at) <= ZERO + 1
        return beyond if is_plain else NOT_PLAIN, READ, digits, 0.0
    is_whole, number = _whole(digits, power)
    return beyond if is_whole else NOT_PLAIN, READ, number, 0.0


@compiled
def _whole(digits: int, power: int) -> tuple[bool, int]:
    """Give the whole number that a number is, where it plainly is one."""
    if digits == TOO_LONG:
        return False, 0
    if digits == 0:
        return True, 0
    while power < 0 and digits % 10 == 0:
        digits //= 10
        power += 1
    while power > 0 and abs(digits) < _MOST_PLAIN:
        digits *= 10
        power -= 1
    return power == 0, digits
