"""Writer of canonical JSON: compact, with every digit, as `contract.strict_json.serialize` writes it.

Unsupported are values that `serialize` would write in another form, for example numbers with an exponent, and
objects with a repeated key. Their records go to the reference path.
"""

from typing import Final

import numpy as np

from cdp_etl.normalize.jit.compile import compiled, kernel
from cdp_etl.normalize.jit.raw_memory import load_i64, load_u8, store_i64, store_u8
from cdp_etl.normalize.jit.strings import LOWER_U, read_escape, simple_escape, write_character
from cdp_etl.normalize.jit.tokens import (
    BACKSLASH,
    CLOSE_DELTA,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    DOT,
    EXPONENT_FORM,
    FRACTION_FORM,
    HAS_ESCAPE,
    MINUS,
    NINE,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    ZERO,
    find_string_end,
    read_number,
    skip_literal,
    skip_whitespace,
)  # fmt: skip # one list, not one a line

MAX_DEPTH: Final = 16
"""Levels of nesting; deeper values are unsupported."""
MAX_KEYS: Final = 128
"""Keys of all open objects together; a new key is compared with each key of its object."""
WRITER_SCRATCH_WORDS: Final = 2 * MAX_DEPTH + 2 * MAX_KEYS
"""64-bit words of scratch space for `write_value`: two for each level, two for each key."""

_MAX_NUMBER_LENGTH: Final = 1_000
_MAX_LEADING_ZEROS: Final = 4
"""Zeros after the point of a number below one; with more, `Decimal` writes an exponent."""
_SHORT_ESCAPES: Final = np.frombuffer(b"00000000btn0fr" + b"0" * 18, np.uint8)
"""Second character of the short escape of each control character; `0` if it has none."""


@compiled
def write_value(data: int, pos: int, end: int, output: int, out: int, scratch: int) -> tuple[int, int]:
    """Write a value; return the offset after it, -1 if it is unsupported, and the end of the output."""
    depth = 0
    keys = 0
    while True:
        pos = skip_whitespace(data, pos, end)
        if pos >= end:
            return -1, out
        code = load_u8(data, pos)
        if code == OPEN_OBJECT or code == OPEN_ARRAY:
            if depth == MAX_DEPTH:
                return -1, out
            store_i64(scratch, 2 * depth, code + CLOSE_DELTA)
            store_i64(scratch, 2 * depth + 1, keys)
            depth += 1
            store_u8(output, out, code)
            out += 1
            pos = skip_whitespace(data, pos + 1, end)
            if pos < end and load_u8(data, pos) != code + CLOSE_DELTA:
                if code == OPEN_OBJECT:
                    pos, out, keys = _write_key(
                        data, pos, end, output, out, scratch, load_i64(scratch, 2 * depth - 1), keys
                    )
                    if pos < 0:
                        return -1, out
                continue
        elif code == QUOTE:
            pos, out = write_string(data, pos, end, output, out)
        else:
            pos, out = _write_scalar(data, pos, end, output, out)
        if pos < 0:
            return -1, out
        while True:
            if depth == 0:
                return pos, out
            pos = skip_whitespace(data, pos, end)
            if pos >= end:
                return -1, out
            closing = load_i64(scratch, 2 * depth - 2)
            store_u8(output, out, load_u8(data, pos))
            out += 1
            if load_u8(data, pos) == closing:
                pos += 1
                depth -= 1
                keys = load_i64(scratch, 2 * depth + 1)
                continue
            if load_u8(data, pos) != COMMA:
                return -1, out
            pos += 1
            if closing == CLOSE_OBJECT:
                pos, out, keys = _write_key(
                    data,
                    skip_whitespace(data, pos, end),
                    end,
                    output,
                    out,
                    scratch,
                    load_i64(scratch, 2 * depth - 1),
                    keys,
                )
                if pos < 0:
                    return -1, out
            break


@compiled
def _write_key(
    data: int, pos: int, end: int, output: int, out: int, scratch: int, first: int, keys: int
) -> tuple[int, int, int]:
    """Write a key and its colon; a key that the object has already is unsupported.

    Return the offset after the colon, the end of the output, and the number of keys.
    """
    if pos >= end or load_u8(data, pos) != QUOTE or keys == MAX_KEYS:
        return -1, out, keys
    start = out
    pos, out = write_string(data, pos, end, output, out)
    if pos < 0:
        return -1, out, keys
    spans = 2 * MAX_DEPTH
    for key in range(first, keys):
        if equal_bytes(
            output, load_i64(scratch, spans + 2 * key), load_i64(scratch, spans + 2 * key + 1), output, start, out
        ):
            return -1, out, keys
    store_i64(scratch, spans + 2 * keys, start)
    store_i64(scratch, spans + 2 * keys + 1, out)
    pos = skip_whitespace(data, pos, end)
    if pos >= end or load_u8(data, pos) != COLON:
        return -1, out, keys
    store_u8(output, out, COLON)
    return pos + 1, out + 1, keys + 1


@compiled
def equal_bytes(one: int, start: int, end: int, other: int, other_start: int, other_end: int) -> bool:
    """Return whether two ranges contain the same bytes."""
    if end - start != other_end - other_start:
        return False
    for index in range(end - start):
        if load_u8(one, start + index) != load_u8(other, other_start + index):
            return False
    return True


@compiled
def write_string(data: int, pos: int, end: int, output: int, out: int) -> tuple[int, int]:
    """Write a string; `pos` is the offset of its opening quote."""
    close, flags = find_string_end(data, pos + 1, end)
    if close < 0:
        return -1, out
    if not flags & HAS_ESCAPE:
        for index in range(pos, close + 1):
            store_u8(output, out, load_u8(data, index))
            out += 1
        return close + 1, out
    store_u8(output, out, QUOTE)
    out += 1
    pos += 1
    while pos < close:
        code = load_u8(data, pos)
        if code != BACKSLASH:
            store_u8(output, out, code)
            out += 1
            pos += 1
            continue
        if load_u8(data, pos + 1) == LOWER_U:
            character, pos = read_escape(data, pos, close)
            if character < 0:
                return -1, out
        else:
            character = simple_escape(load_u8(data, pos + 1))
            pos += 2
            if character == 0:
                return -1, out
        out = _write_escaped(character, output, out)
    store_u8(output, out, QUOTE)
    return close + 1, out + 1


@compiled
def _write_escaped(character: int, output: int, out: int) -> int:
    if character == QUOTE or character == BACKSLASH:
        store_u8(output, out, BACKSLASH)
        store_u8(output, out + 1, character)
        return out + 2
    if character >= SPACE:
        return write_character(character, output, out)
    store_u8(output, out, BACKSLASH)
    if _SHORT_ESCAPES[character] != ZERO:
        store_u8(output, out + 1, _SHORT_ESCAPES[character])
        return out + 2
    store_u8(output, out + 1, LOWER_U)
    store_u8(output, out + 2, ZERO)
    store_u8(output, out + 3, ZERO)
    store_u8(output, out + 4, ZERO + (character >> 4))
    low = character & 0x0F
    store_u8(output, out + 5, low + ZERO if low < 10 else low - 10 + 0x61)
    return out + 6


@compiled
def _write_scalar(data: int, pos: int, end: int, output: int, out: int) -> tuple[int, int]:
    if load_u8(data, pos) == MINUS or ZERO <= load_u8(data, pos) <= NINE:
        next_pos, shape, _, _ = read_number(data, pos, end)
        if next_pos < 0 or next_pos - pos > _MAX_NUMBER_LENGTH or shape == EXPONENT_FORM:
            return -1, out
        if shape == FRACTION_FORM and _has_leading_zeros(data, pos, next_pos):
            return -1, out
        if shape != FRACTION_FORM and load_u8(data, pos) == MINUS and load_u8(data, pos + 1) == ZERO:
            return -1, out
    else:
        next_pos = skip_literal(data, pos, end)
        if next_pos < 0:
            return -1, out
    for index in range(pos, next_pos):
        store_u8(output, out, load_u8(data, index))
        out += 1
    return next_pos, out


@compiled
def _has_leading_zeros(data: int, pos: int, end: int) -> bool:
    """Return whether a number with a fraction is so small that `Decimal` writes it with an exponent."""
    if load_u8(data, pos) == MINUS:
        pos += 1
    if load_u8(data, pos) != ZERO or load_u8(data, pos + 1) != DOT:
        return False
    zeros = 0
    while pos + 2 + zeros < end and load_u8(data, pos + 2 + zeros) == ZERO:
        zeros += 1
    return zeros > _MAX_LEADING_ZEROS


@kernel
def write_objects(
    data: int, offsets: int, count: int, output: int, ends: int, is_written: int, scratch: int
) -> int:
    """Write each string of a column that is a supported JSON object; return the number of bytes written.

    Args:
        data: Address of the bytes of all strings.
        offsets: Address of `count + 1` offsets of the strings in `data`.
        count: Number of strings.
        output: Address of as many bytes as the strings have, and one more.
        ends: Address of `count` offsets: the end of each string's output.
        is_written: Address of `count` bytes: set to 1 for each string that was written.
        scratch: Address of `WRITER_SCRATCH_WORDS` words.
    """
    out = 0
    for row in range(count):
        start, end = load_i64(offsets, row), load_i64(offsets, row + 1)
        pos = skip_whitespace(data, start, end)
        if pos < end and load_u8(data, pos) == OPEN_OBJECT:
            next_pos, next_out = write_value(data, pos, end, output, out, scratch)
            if next_pos >= 0 and skip_whitespace(data, next_pos, end) == end:
                out = next_out
                store_u8(is_written, row, 1)
        store_i64(ends, row, out)
    return out
