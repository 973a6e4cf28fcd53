"""Bytes held against UTF-8 (RFC 3629): no overlong form, no surrogate, nothing beyond U+10FFFF.

Put here where the first fault is. What becomes of a record with one is decided in `texts.py`.
"""

from typing import Final

from cdp_etl.normalize.jit.compile import compiled, entry
from cdp_etl.normalize.jit.raw_memory import byte_at, word_at

_HIGH_BITS: Final = -0x7F7F7F7F7F7F7F80
"""The highest bit of each of 8 bytes: none is set where all are ASCII."""


@entry
def first_fault(codes: int, start: int, end: int) -> int:
    """Give where the first byte is that is no UTF-8, `end` where all are.

    A character that `end` cuts is a fault where it begins.
    """
    at = start
    while at < end:
        if at + 8 <= end and word_at(codes + at, 0) & _HIGH_BITS == 0:
            at += 8
            continue
        length = _length_at(codes, at, end)
        if length == 0:
            return at
        at += length
    return end


@compiled
def _length_at(codes: int, at: int, end: int) -> int:
    """Give how long the character is that begins here, 0 where none does."""
    code = byte_at(codes, at)
    if code < 0x80:
        return 1
    if 0xC2 <= code <= 0xDF:
        return 2 if at + 2 <= end and _continues(codes, at + 1) else 0
    second = byte_at(codes, at + 1) if at + 2 <= end else 0
    if 0xE0 <= code <= 0xEF:
        least = 0xA0 if code == 0xE0 else 0x80
        most = 0x9F if code == 0xED else 0xBF
        return 3 if least <= second <= most and at + 3 <= end and _continues(codes, at + 2) else 0
    if 0xF0 <= code <= 0xF4:
        least = 0x90 if code == 0xF0 else 0x80
        most = 0x8F if code == 0xF4 else 0xBF
        is_whole = at + 4 <= end and _continues(codes, at + 2) and _continues(codes, at + 3)
        return 4 if least <= second <= most and is_whole else 0
    return 0


@compiled
def _continues(codes: int, at: int) -> bool:
    return 0x80 <= byte_at(codes, at) <= 0xBF
