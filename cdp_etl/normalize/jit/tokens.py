"""Tokens of strict JSON (RFC 8259): white space, strings, literals, numbers.

Each function takes the address of the bytes, the offset of the token, and the end of the record. It returns the
offset after the token, or -1 if the token is malformed.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import load_u8

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
CLOSE_OBJECT: Final = 0x7D
OPEN_ARRAY: Final = 0x5B
CLOSE_ARRAY: Final = 0x5D
CLOSE_DELTA: Final = 2
"""Difference between the codes of a closing bracket and its opening one."""

HAS_ESCAPE: Final = 1
"""Flag of a string that contains an escape."""
HAS_NON_ASCII: Final = 2
"""Flag of a string that contains characters beyond ASCII."""

INTEGER_FORM: Final = 1
FRACTION_FORM: Final = 2
EXPONENT_FORM: Final = 3
"""Written form of a number."""

NULL: Final = int.from_bytes(b"null")
TRUE: Final = int.from_bytes(b"true")
ALSE: Final = int.from_bytes(b"alse")
"""Literals of four bytes as `load_u32` returns them; `false` is compared by its last four bytes."""
LOWER_T: Final = 0x74
LOWER_F: Final = 0x66
LOWER_N: Final = 0x6E

TOO_MANY_DIGITS: Final = -(2**63)
"""Digits of a number that has too many for 64 bits."""

_MAX_MANTISSA: Final = 10**17
"""Below it, one more digit fits into 64 bits."""
_MAX_EXPONENT: Final = 10_000

_IS_SPECIAL: Final = np.array([code < SPACE or code in {QUOTE, BACKSLASH} for code in range(256)])


@compiled
def skip_whitespace(data: int, pos: int, end: int) -> int:
    """Return the offset after JSON white space."""
    while pos < end and (
        load_u8(data, pos) == SPACE
        or load_u8(data, pos) == 0x0A
        or load_u8(data, pos) == 0x0D
        or load_u8(data, pos) == 0x09
    ):
        pos += 1
    return pos


@compiled
def find_string_end(data: int, pos: int, end: int) -> tuple[int, int]:
    """Return the offset of a string's closing quote, and the string's flags.

    Args:
        data: Address of the bytes.
        pos: Offset after the opening quote.
        end: End of the record.
    """
    flags = 0
    seen = 0
    while pos < end:
        code = load_u8(data, pos)
        if _IS_SPECIAL[code]:
            if code == QUOTE:
                return pos, flags | HAS_NON_ASCII if seen >= 0x80 else flags
            if code != BACKSLASH:
                return -1, 0
            flags |= HAS_ESCAPE
            pos += 1
        seen |= code
        pos += 1
    return -1, 0


@compiled
def load_u32(data: int, pos: int) -> int:
    """Load four bytes as a big-endian number; they need no alignment."""
    return (
        (load_u8(data, pos) << 24)
        | (load_u8(data, pos + 1) << 16)
        | (load_u8(data, pos + 2) << 8)
        | load_u8(data, pos + 3)
    )


@compiled
def skip_literal(data: int, pos: int, end: int) -> int:
    """Return the offset after `true`, `false` or `null`."""
    if pos + 4 > end:
        return -1
    word = load_u32(data, pos)
    if word == NULL or word == TRUE:
        return pos + 4
    is_false = load_u8(data, pos) == LOWER_F and pos + 5 <= end and load_u32(data, pos + 1) == ALSE
    return pos + 5 if is_false else -1


@compiled
def read_number(data: int, pos: int, end: int) -> tuple[int, int, int, int]:
    """Read a number; return the offset after it, its form, its digits and its power of ten.

    The value is digits * 10**power. The digits have the sign of the number. If they do not fit into 64 bits, they
    are TOO_MANY_DIGITS.
    """
    is_negative = load_u8(data, pos) == MINUS
    if is_negative:
        pos += 1
    first = pos
    digits = 0
    power = 0
    is_too_long = False
    while pos < end and ZERO <= load_u8(data, pos) <= NINE:
        if digits < _MAX_MANTISSA:
            digits = digits * 10 + (load_u8(data, pos) - ZERO)
        else:
            is_too_long = True
        pos += 1
    if pos == first or (load_u8(data, first) == ZERO and pos > first + 1):
        return -1, 0, 0, 0
    shape = INTEGER_FORM
    if pos < end and load_u8(data, pos) == DOT:
        shape = FRACTION_FORM
        pos += 1
        first = pos
        while pos < end and ZERO <= load_u8(data, pos) <= NINE:
            if digits < _MAX_MANTISSA:
                digits = digits * 10 + (load_u8(data, pos) - ZERO)
                power -= 1
            else:
                is_too_long = True
            pos += 1
        if pos == first:
            return -1, 0, 0, 0
    if pos < end and (load_u8(data, pos) | 0x20) == 0x65:
        shape = EXPONENT_FORM
        pos += 1
        is_negative_exponent = pos < end and load_u8(data, pos) == MINUS
        if pos < end and (load_u8(data, pos) == MINUS or load_u8(data, pos) == PLUS):
            pos += 1
        first = pos
        exponent = 0
        while pos < end and ZERO <= load_u8(data, pos) <= NINE:
            if exponent < _MAX_EXPONENT:
                exponent = exponent * 10 + (load_u8(data, pos) - ZERO)
            pos += 1
        if pos == first:
            return -1, 0, 0, 0
        power += -exponent if is_negative_exponent else exponent
    if is_too_long:
        digits = TOO_MANY_DIGITS
    elif is_negative:
        digits = -digits
    return pos, shape, digits, power
