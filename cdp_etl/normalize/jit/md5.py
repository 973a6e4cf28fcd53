"""MD5 (RFC 1321) of many short texts: the hash by which keys of records are joined.

DuckDB's `md5_number_lower` gives the same number, so that SQL finds it again; a test holds the two together. Put
here the hash alone.
"""

from math import floor, sin
from typing import Final

import numpy as np

from cdp_etl.normalize.jit.compile import compiled, entry
from cdp_etl.normalize.jit.raw_memory import byte_at, put_byte, put_word, word_at

_ROUND: Final = 0xFFFFFFFF
_SINES: Final = np.array([floor(abs(sin(step + 1)) * 2**32) for step in range(64)], np.int64)
_SHIFTS: Final = np.array([*[7, 12, 17, 22] * 4, *[5, 9, 14, 20] * 4, *[4, 11, 16, 23] * 4, *[6, 10, 15, 21] * 4])
_BLOCK: Final = 64
_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)

WORK_SPACE: Final = 2 * _BLOCK
"""Bytes that `hash_texts` must be given to work with: room for the last one or two blocks of a text."""


@entry
def hash_texts(codes: int, offsets: int, count: int, hashes: int, work: int) -> None:
    """Store the lower 64 bits of the MD5 of each text, as a number in little endian.

    Args:
        codes: Address of the texts, one behind the other.
        offsets: Address of where each begins, and where the last one ends.
        count: How many there are.
        hashes: Address of what is filled.
        work: Address of room to work with.
    """
    for text in range(count):
        start, end = word_at(offsets, text), word_at(offsets, text + 1)
        put_word(hashes, text, _hash(codes, start, end, work))


@compiled
def _hash(codes: int, start: int, end: int, work: int) -> int:
    a, b, c, d = _START
    at = start
    while at + _BLOCK <= end:
        a, b, c, d = _mixed(codes, at, a, b, c, d)
        at += _BLOCK
    rest = end - at
    beyond = _BLOCK if rest < _BLOCK - 8 else 2 * _BLOCK
    for place in range(beyond - 8):
        put_byte(work, place, byte_at(codes, at + place) if place < rest else 0)
    put_byte(work, rest, 0x80)
    bits = (end - start) * 8
    for place in range(8):
        put_byte(work, beyond - 8 + place, bits >> (8 * place))
    for block in range(beyond // _BLOCK):
        a, b, c, d = _mixed(work, block * _BLOCK, a, b, c, d)
    return c | (d << 32)


@compiled
def _mixed(codes: int, at: int, a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """Mix one block of 64 bytes into the state."""
    a0, b0, c0, d0 = a, b, c, d
    for step in range(64):
        if step < 16:
            mixed, word = (b & c) | (~b & d), step
        elif step < 32:
            mixed, word = (d & b) | (~d & c), (5 * step + 1) & 15
        elif step < 48:
            mixed, word = b ^ c ^ d, (3 * step + 5) & 15
        else:
            mixed, word = c ^ (b | (~d & _ROUND)), (7 * step) & 15
        place = at + 4 * word
        four = (
            byte_at(codes, place)
            | (byte_at(codes, place + 1) << 8)
            | (byte_at(codes, place + 2) << 16)
            | (byte_at(codes, place + 3) << 24)
        )
        mixed = ((mixed & _ROUND) + a + _SINES[step] + four) & _ROUND
        shift = _SHIFTS[step]
        a, d, c = d, c, b
        b = (b + ((mixed << shift) | (mixed >> (32 - shift)))) & _ROUND
    return (a0 + a) & _ROUND, (b0 + b) & _ROUND, (c0 + c) & _ROUND, (d0 + d) & _ROUND
