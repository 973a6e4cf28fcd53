"""JSON values written anew, as `contract.strict_json.serialize` writes what `parse` read: compactly, every digit kept.

A value that would not be written with the characters it was delivered with (a number in another form, a repeated
key) is left to the exact lane. Put here values of any kind; which members of a record are written is decided in
`records.py`.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.compile import compiled, entry
from cdp_etl.normalize.jit.raw_memory import byte_at, put_byte, put_word, word_at
from cdp_etl.normalize.jit.strings import LETTER_U, meaning_of, read_escape, write_character
from cdp_etl.normalize.jit.tokens import (
    BACKSLASH,
    CLOSING,
    COLON,
    COMMA,
    DOT,
    ESCAPED,
    EXPONENT,
    FRACTION,
    MINUS,
    NINE,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    ZERO,
    behind_blanks,
    behind_literal,
    end_of_string,
    read_number,
)  # fmt: skip # one list, not one a line

DEEPEST: Final = 16
"""Levels of nesting that are written; deeper values go to the exact lane."""
MOST_KEYS: Final = 128
"""Keys of all open objects together; they are compared one by one."""
SPACE_NEEDED: Final = 2 * DEEPEST + 2 * MOST_KEYS
"""Numbers that `write_value` must be given to work with."""

_MOST_DIGITS: Final = 1_000
_MOST_LEADING_ZEROS: Final = 4
"""Behind the point of a number below one; with more, Decimal writes an exponent."""
_SLASH: Final = 0x2F
_SHORT: Final = np.frombuffer(b"00000000btn0fr" + b"0" * 18, np.uint8)
"""The letter behind the backslash of each control character that has one."""


@compiled
def write_value(codes: int, at: int, end: int, written: int, to: int, work: int) -> tuple[int, int]:
    """Write the value that begins here; give where it ends, -1 where it is left, and where the written ends."""
    depth = 0
    keys = 0
    while True:
        at = behind_blanks(codes, at, end)
        if at >= end:
            return -1, to
        code = byte_at(codes, at)
        if code == OPEN_OBJECT or code == OPEN_ARRAY:
            if depth == DEEPEST:
                return -1, to
            put_word(work, 2 * depth, code + CLOSING)
            put_word(work, 2 * depth + 1, keys)
            depth += 1
            put_byte(written, to, code)
            to += 1
            at = behind_blanks(codes, at + 1, end)
            if at < end and byte_at(codes, at) != code + CLOSING:
                if code == OPEN_OBJECT:
                    at, to, keys = _write_key(
                        codes, at, end, written, to, work, word_at(work, 2 * depth - 1), keys
                    )
                    if at < 0:
                        return -1, to
                continue
        elif code == QUOTE:
            at, to = write_string(codes, at, end, written, to)
        else:
            at, to = _write_scalar(codes, at, end, written, to)
        if at < 0:
            return -1, to
        while True:
            if depth == 0:
                return at, to
            at = behind_blanks(codes, at, end)
            if at >= end:
                return -1, to
            closing = word_at(work, 2 * depth - 2)
            put_byte(written, to, byte_at(codes, at))
            to += 1
            if byte_at(codes, at) == closing:
                at += 1
                depth -= 1
                keys = word_at(work, 2 * depth + 1)
                continue
            if byte_at(codes, at) != COMMA:
                return -1, to
            at += 1
            if closing == OPEN_OBJECT + CLOSING:
                at, to, keys = _write_key(
                    codes,
                    behind_blanks(codes, at, end),
                    end,
                    written,
                    to,
                    work,
                    word_at(work, 2 * depth - 1),
                    keys,
                )
                if at < 0:
                    return -1, to
            break


@compiled
def _write_key(
    codes: int, at: int, end: int, written: int, to: int, work: int, first: int, keys: int
) -> tuple[int, int, int]:
    """Write a key and its colon; refuse one that the object has already."""
    if at >= end or byte_at(codes, at) != QUOTE or keys == MOST_KEYS:
        return -1, to, keys
    start = to
    at, to = write_string(codes, at, end, written, to)
    if at < 0:
        return -1, to, keys
    spans = 2 * DEEPEST
    for key in range(first, keys):
        if is_same(
            written, word_at(work, spans + 2 * key), word_at(work, spans + 2 * key + 1), written, start, to
        ):
            return -1, to, keys
    put_word(work, spans + 2 * keys, start)
    put_word(work, spans + 2 * keys + 1, to)
    at = behind_blanks(codes, at, end)
    if at >= end or byte_at(codes, at) != COLON:
        return -1, to, keys
    put_byte(written, to, COLON)
    return at + 1, to + 1, keys + 1


@compiled
def is_same(one: int, start: int, end: int, other: int, other_start: int, other_end: int) -> bool:
    """Say whether two stretches hold the same bytes."""
    if end - start != other_end - other_start:
        return False
    for place in range(end - start):
        if byte_at(one, start + place) != byte_at(other, other_start + place):
            return False
    return True


@compiled
def write_string(codes: int, at: int, end: int, written: int, to: int) -> tuple[int, int]:
    """Write a string from its opening quote on."""
    close, holds = end_of_string(codes, at + 1, end)
    if close < 0:
        return -1, to
    if not holds & ESCAPED:
        for place in range(at, close + 1):
            put_byte(written, to, byte_at(codes, place))
            to += 1
        return close + 1, to
    put_byte(written, to, QUOTE)
    to += 1
    at += 1
    while at < close:
        code = byte_at(codes, at)
        if code != BACKSLASH:
            put_byte(written, to, code)
            to += 1
            at += 1
            continue
        if byte_at(codes, at + 1) == LETTER_U:
            character, at = read_escape(codes, at, close)
            if character < 0:
                return -1, to
        else:
            character = meaning_of(byte_at(codes, at + 1))
            at += 2
            if character == 0:
                return -1, to
        to = _write_escaped(character, written, to)
    put_byte(written, to, QUOTE)
    return close + 1, to + 1


@compiled
def _write_escaped(character: int, written: int, to: int) -> int:
    if character == QUOTE or character == BACKSLASH:
        put_byte(written, to, BACKSLASH)
        put_byte(written, to + 1, character)
        return to + 2
    if character >= SPACE:
        return write_character(character, written, to)
    put_byte(written, to, BACKSLASH)
    if _SHORT[character] != ZERO:
        put_byte(written, to + 1, _SHORT[character])
        return to + 2
    put_byte(written, to + 1, LETTER_U)
    put_byte(written, to + 2, ZERO)
    put_byte(written, to + 3, ZERO)
    put_byte(written, to + 4, ZERO + (character >> 4))
    low = character & 0x0F
    put_byte(written, to + 5, low + ZERO if low < 10 else low - 10 + 0x61)
    return to + 6


@compiled
def _write_scalar(codes: int, at: int, end: int, written: int, to: int) -> tuple[int, int]:
    if byte_at(codes, at) == MINUS or ZERO <= byte_at(codes, at) <= NINE:
        beyond, shape, _, _ = read_number(codes, at, end)
        if beyond < 0 or beyond - at > _MOST_DIGITS or shape == EXPONENT:
            return -1, to
        if shape == FRACTION and _has_leading_zeros(codes, at, beyond):
            return -1, to
        if shape != FRACTION and byte_at(codes, at) == MINUS and byte_at(codes, at + 1) == ZERO:
            return -1, to
    else:
        beyond = behind_literal(codes, at, end)
        if beyond < 0:
            return -1, to
    for place in range(at, beyond):
        put_byte(written, to, byte_at(codes, place))
        to += 1
    return beyond, to


@compiled
def _has_leading_zeros(codes: int, at: int, beyond: int) -> bool:
    """Say whether a number with a fraction is so small that it would be written with an exponent."""
    if byte_at(codes, at) == MINUS:
        at += 1
    if byte_at(codes, at) != ZERO or byte_at(codes, at + 1) != DOT:
        return False
    zeros = 0
    while at + 2 + zeros < beyond and byte_at(codes, at + 2 + zeros) == ZERO:
        zeros += 1
    return zeros > _MOST_LEADING_ZEROS


@entry
def write_objects(
    codes: int, offsets: int, count: int, written: int, ends: int, is_written: int, work: int
) -> int:
    """Write each text that is an object as `strict_json.serialize` would; give how many bytes they are.

    Args:
        codes: Address of the texts, one behind the other.
        offsets: Address of where each begins, and where the last one ends.
        count: How many there are.
        written: Address of as many bytes as the texts have, and one more, that are filled.
        ends: Address of numbers: where what is written of each text ends.
        is_written: Address of bytes: 1 for each text that is an object and was written.
        work: Address of `canonical.SPACE_NEEDED` numbers to work with.
    """
    to = 0
    for text in range(count):
        start, end = word_at(offsets, text), word_at(offsets, text + 1)
        at = behind_blanks(codes, start, end)
        if at < end and byte_at(codes, at) == OPEN_OBJECT:
            beyond, stop = write_value(codes, at, end, written, to, work)
            if beyond >= 0 and behind_blanks(codes, beyond, end) == end:
                to = stop
                put_byte(is_written, text, 1)
        put_word(ends, text, to)
    return to
