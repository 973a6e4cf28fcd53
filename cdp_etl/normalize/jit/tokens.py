"""The tokens of strict JSON (RFC 8259): white space, strings, literals, numbers.

Each function takes the bytes, where to begin and where the record ends, and gives where the token ends, -1 where
there is no such token. Put here nothing of what a token means.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import byte_at

QUOTE: Final = 0x22
BACKSLASH: Final = 0x5C
COMMA: Final = 0x2C
COLON: Final = 0x3A
MINUS: Final = 0x2D
PLUS: Final = 0x2B
DOT: Final = 0x2E
ZERO: Final = 0x30
NINE: Final = 0x39
SPACE: Final = 0x20
OPEN_OBJECT: Final = 0x7B
OPEN_ARRAY: Final = 0x5B
CLOSING: Final = 2
"""What a closing bracket's code is beyond its opening one's."""

ESCAPED: Final = 1
"""Of a string: it holds an escape."""
FOREIGN: Final = 2
"""Of a string: it holds bytes beyond ASCII."""

WHOLE: Final = 1
FRACTION: Final = 2
EXPONENT: Final = 3
"""How a number is written."""

NULL: Final = int.from_bytes(b"null")
TRUE: Final = int.from_bytes(b"true")
ALSE: Final = int.from_bytes(b"alse")
"""Four bytes as one number; what `false` ends with."""
LETTER_T: Final = 0x74
LETTER_F: Final = 0x66
LETTER_N: Final = 0x6E

TOO_LONG: Final = -(2**63)

_MOST_DIGITS: Final = 10**17
"""A mantissa below it takes one more digit within 64 bits."""
_MOST_EXPONENT: Final = 10_000

_IS_NOTABLE: Final = np.array([code < SPACE or code in {QUOTE, BACKSLASH} for code in range(256)])


@compiled
def behind_blanks(codes: int, at: int, end: int) -> int:
    """Give where JSON's white space ends."""
    while at < end and (
        byte_at(codes, at) == SPACE
        or byte_at(codes, at) == 0x0A
        or byte_at(codes, at) == 0x0D
        or byte_at(codes, at) == 0x09
    ):
        at += 1
    return at


@compiled
def end_of_string(codes: int, at: int, end: int) -> tuple[int, int]:
    """Give where the closing quote is of a string that begins here, and what the string holds."""
    holds = 0
    seen = 0
    while at < end:
        code = byte_at(codes, at)
        if _IS_NOTABLE[code]:
            if code == QUOTE:
                return at, holds | FOREIGN if seen >= 0x80 else holds
            if code != BACKSLASH:
                return -1, 0
            holds |= ESCAPED
            at += 1
        seen |= code
        at += 1
    return -1, 0


@compiled
def four_at(codes: int, at: int) -> int:
    """Give four bytes as one number."""
    return (
        (byte_at(codes, at) << 24)
        | (byte_at(codes, at + 1) << 16)
        | (byte_at(codes, at + 2) << 8)
        | byte_at(codes, at + 3)
    )


@compiled
def behind_literal(codes: int, at: int, end: int) -> int:
    """Give where `true`, `false` or `null` ends."""
    if at + 4 > end:
        return -1
    four = four_at(codes, at)
    if four == NULL or four == TRUE:
        return at + 4
    is_false = byte_at(codes, at) == LETTER_F and at + 5 <= end and four_at(codes, at + 1) == ALSE
    return at + 5 if is_false else -1


@compiled
def read_number(codes: int, at: int, end: int) -> tuple[int, int, int, int]:
    """Read a number: where it ends, how it is written, its digits as one whole number, and the power of ten.

    The digits are negative for a negative number, and TOO_LONG where there are too many for 64 bits.
    """
    is_negative = byte_at(codes, at) == MINUS
    if is_negative:
        at += 1
    first = at
    digits = 0
    power = 0
    is_long = False
    while at < end and ZERO <= byte_at(codes, at) <= NINE:
        if digits < _MOST_DIGITS:
            digits = digits * 10 + (byte_at(codes, at) - ZERO)
        else:
            is_long = True
        at += 1
    if at == first or (byte_at(codes, first) == ZERO and at > first + 1):
        return -1, 0, 0, 0
    shape = WHOLE
    if at < end and byte_at(codes, at) == DOT:
        shape = FRACTION
        at += 1
        first = at
        while at < end and ZERO <= byte_at(codes, at) <= NINE:
            if digits < _MOST_DIGITS:
                digits = digits * 10 + (byte_at(codes, at) - ZERO)
                power -= 1
            else:
                is_long = True
            at += 1
        if at == first:
            return -1, 0, 0, 0
    if at < end and (byte_at(codes, at) | 0x20) == 0x65:
        shape = EXPONENT
        at += 1
        is_below = at < end and byte_at(codes, at) == MINUS
        if at < end and (byte_at(codes, at) == MINUS or byte_at(codes, at) == PLUS):
            at += 1
        first = at
        exponent = 0
        while at < end and ZERO <= byte_at(codes, at) <= NINE:
            if exponent < _MOST_EXPONENT:
                exponent = exponent * 10 + (byte_at(codes, at) - ZERO)
            at += 1
        if at == first:
            return -1, 0, 0, 0
        power += -exponent if is_below else exponent
    if is_long:
        digits = TOO_LONG
    elif is_negative:
        digits = -digits
    return at, shape, digits, power
