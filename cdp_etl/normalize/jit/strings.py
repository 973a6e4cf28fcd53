"""Strings: decode escapes, trim white space, find strings that may not be in NFC.

All bytes are valid UTF-8; the readers check that before. Together with `fast_path/text_columns.py` these functions
equal `contract.parsers.normalize_text`, which tests prove.
"""

from typing import Final

import numpy as np

from cdp_etl.contract.parsers import WHITESPACE
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import load_u8, store_u8
from cdp_etl.normalize.jit.tokens import BACKSLASH, NINE, SPACE, ZERO
from cdp_etl.normalize.nfc import NFC_STABLE_RANGES

LOWER_U: Final = 0x75

_WHITESPACE: Final = np.array(sorted(map(ord, WHITESPACE)), np.int64)
_NFC_STABLE: Final = np.array(NFC_STABLE_RANGES, np.int64)
_ESCAPE_CODES: Final = b'bfnrt"\\/'
_ESCAPED_CHARACTERS: Final = b'\b\f\n\r\t"\\/'
_SIMPLE_ESCAPES: Final = np.array(
    [_ESCAPED_CHARACTERS[_ESCAPE_CODES.index(code)] if code in _ESCAPE_CODES else 0 for code in range(256)]
)
"""Character of each two-character escape, by its second character; 0 if there is no such escape."""


@compiled
def simple_escape(code: int) -> int:
    """Return the character of a two-character escape, by its second character; 0 if there is no such escape."""
    return int(_SIMPLE_ESCAPES[code])


@compiled
def read_escape(data: int, pos: int, end: int) -> tuple[int, int]:
    r"""Read `\uXXXX`, or a surrogate pair of them; `pos` is the offset of the backslash.

    Return the character, -1 if there is none, and the offset after the escape.
    """
    character = _hexadecimal(data, pos + 2, end)
    pos += 6
    if 0xD800 <= character <= 0xDBFF:
        if pos + 2 > end or load_u8(data, pos) != BACKSLASH or load_u8(data, pos + 1) != LOWER_U:
            return -1, pos
        low = _hexadecimal(data, pos + 2, end)
        if not 0xDC00 <= low <= 0xDFFF:
            return -1, pos
        return 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00), pos + 6
    if 0xDC00 <= character <= 0xDFFF:
        return -1, pos
    return character, pos


@compiled
def _hexadecimal(data: int, pos: int, end: int) -> int:
    if pos + 4 > end:
        return -1
    value = 0
    for index in range(pos, pos + 4):
        code = load_u8(data, index)
        if ZERO <= code <= NINE:
            value = value * 16 + (code - ZERO)
        elif 0x61 <= (code | 0x20) <= 0x66:
            value = value * 16 + ((code | 0x20) - 0x57)
        else:
            return -1
    return value


@compiled
def write_character(character: int, output: int, out: int) -> int:
    """Write a character as UTF-8; return the offset after it."""
    if character < 0x80:
        store_u8(output, out, character)
        return out + 1
    if character < 0x800:
        store_u8(output, out, 0xC0 | (character >> 6))
        store_u8(output, out + 1, 0x80 | (character & 0x3F))
        return out + 2
    if character < 0x10000:
        store_u8(output, out, 0xE0 | (character >> 12))
        store_u8(output, out + 1, 0x80 | ((character >> 6) & 0x3F))
        store_u8(output, out + 2, 0x80 | (character & 0x3F))
        return out + 3
    store_u8(output, out, 0xF0 | (character >> 18))
    store_u8(output, out + 1, 0x80 | ((character >> 12) & 0x3F))
    store_u8(output, out + 2, 0x80 | ((character >> 6) & 0x3F))
    store_u8(output, out + 3, 0x80 | (character & 0x3F))
    return out + 4


@compiled
def unescape(data: int, pos: int, end: int, output: int, out: int) -> int:
    """Write a string with its escapes decoded; return the offset after it, -1 if an escape is invalid."""
    while pos < end:
        code = load_u8(data, pos)
        if code != BACKSLASH:
            store_u8(output, out, code)
            out += 1
            pos += 1
            continue
        if load_u8(data, pos + 1) == LOWER_U:
            character, pos = read_escape(data, pos, end)
            if character < 0:
                return -1
            out = write_character(character, output, out)
            continue
        character = _SIMPLE_ESCAPES[load_u8(data, pos + 1)]
        if character == 0:
            return -1
        store_u8(output, out, character)
        out += 1
        pos += 2
    return out


@compiled
def load_character(data: int, pos: int) -> tuple[int, int]:
    """Load a character of UTF-8; return it and the offset after it."""
    code = load_u8(data, pos)
    if code < 0x80:
        return code, pos + 1
    if code < 0xE0:
        return ((code & 0x1F) << 6) | (load_u8(data, pos + 1) & 0x3F), pos + 2
    if code < 0xF0:
        return ((code & 0x0F) << 12) | ((load_u8(data, pos + 1) & 0x3F) << 6) | (
            load_u8(data, pos + 2) & 0x3F
        ), pos + 3
    return (
        ((code & 0x07) << 18)
        | ((load_u8(data, pos + 1) & 0x3F) << 12)
        | ((load_u8(data, pos + 2) & 0x3F) << 6)
        | (load_u8(data, pos + 3) & 0x3F)
    ), pos + 4


@compiled
def trim(data: int, start: int, end: int) -> tuple[int, int]:
    """Trim white space from both ends of a string."""
    while start < end:
        code = load_u8(data, start)
        if SPACE < code < 0x80:
            break
        character, next_pos = load_character(data, start)
        if not _is_whitespace(character):
            break
        start = next_pos
    while start < end:
        code = load_u8(data, end - 1)
        if SPACE < code < 0x80:
            break
        before = end - 1
        while load_u8(data, before) & 0xC0 == 0x80:
            before -= 1
        character, _ = load_character(data, before)
        if not _is_whitespace(character):
            break
        end = before
    return start, end


@compiled
def _is_whitespace(character: int) -> bool:
    for candidate in _WHITESPACE:
        if character == candidate:
            return True
    return False


@compiled
def may_not_be_nfc(data: int, start: int, end: int) -> bool:
    """Return whether a string contains a character that NFC may change."""
    pos = start
    while pos < end:
        if load_u8(data, pos) < 0x80:
            pos += 1
            continue
        character, pos = load_character(data, pos)
        is_stable = False
        for number in range(len(_NFC_STABLE)):
            if _NFC_STABLE[number, 0] <= character <= _NFC_STABLE[number, 1]:
                is_stable = True
                break
        if not is_stable:
            return True
    return False
