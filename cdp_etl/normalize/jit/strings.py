"""The characters of texts: escapes undone, outer white space taken away, what may not be in NFC noticed.

All bytes given are UTF-8. Put here what holds for a text whatever it stands for; it must be exactly what
`contract.values.trimmed` does, and the tests hold the two together.
"""

from typing import Final

import numpy as np

from cdp_etl.contract.parsers import WHITESPACE
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import byte_at, put_byte
from cdp_etl.normalize.jit.tokens import BACKSLASH, NINE, SPACE, ZERO
from cdp_etl.normalize.nfc import NFC_STABLE_RANGES

LETTER_U: Final = 0x75

_BLANKS: Final = np.array(sorted(map(ord, WHITESPACE)), np.int64)
_COMPOSED: Final = np.array(NFC_STABLE_RANGES, np.int64)
_LETTERS: Final = b'bfnrt"\\/'
_MEANT: Final = b'\b\f\n\r\t"\\/'
_MEANINGS: Final = np.array([_MEANT[_LETTERS.index(code)] if code in _LETTERS else 0 for code in range(256)])
"""What each letter behind a backslash stands for; 0 where it stands for nothing by itself."""


@compiled
def meaning_of(letter: int) -> int:
    """Give the character that a letter behind a backslash stands for; 0 where it stands for none."""
    return int(_MEANINGS[letter])


@compiled
def read_escape(codes: int, at: int, end: int) -> tuple[int, int]:
    r"""Read `\uXXXX`, or two of them that are one character, from its backslash on.

    Gives the character and where the escape ends; -1 where it is no character.
    """
    character = _hexadecimal(codes, at + 2, end)
    at += 6
    if 0xD800 <= character <= 0xDBFF:
        if at + 2 > end or byte_at(codes, at) != BACKSLASH or byte_at(codes, at + 1) != LETTER_U:
            return -1, at
        low = _hexadecimal(codes, at + 2, end)
        if not 0xDC00 <= low <= 0xDFFF:
            return -1, at
        return 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00), at + 6
    if 0xDC00 <= character <= 0xDFFF:
        return -1, at
    return character, at


@compiled
def _hexadecimal(codes: int, at: int, end: int) -> int:
    if at + 4 > end:
        return -1
    value = 0
    for place in range(at, at + 4):
        code = byte_at(codes, place)
        if ZERO <= code <= NINE:
            value = value * 16 + (code - ZERO)
        elif 0x61 <= (code | 0x20) <= 0x66:
            value = value * 16 + ((code | 0x20) - 0x57)
        else:
            return -1
    return value


@compiled
def write_character(character: int, written: int, to: int) -> int:
    """Write a character as UTF-8; give where it ends."""
    if character < 0x80:
        put_byte(written, to, character)
        return to + 1
    if character < 0x800:
        put_byte(written, to, 0xC0 | (character >> 6))
        put_byte(written, to + 1, 0x80 | (character & 0x3F))
        return to + 2
    if character < 0x10000:
        put_byte(written, to, 0xE0 | (character >> 12))
        put_byte(written, to + 1, 0x80 | ((character >> 6) & 0x3F))
        put_byte(written, to + 2, 0x80 | (character & 0x3F))
        return to + 3
    put_byte(written, to, 0xF0 | (character >> 18))
    put_byte(written, to + 1, 0x80 | ((character >> 12) & 0x3F))
    put_byte(written, to + 2, 0x80 | ((character >> 6) & 0x3F))
    put_byte(written, to + 3, 0x80 | (character & 0x3F))
    return to + 4


@compiled
def unescape(codes: int, at: int, end: int, written: int, to: int) -> int:
    """Write the text of a string without its escapes; give where it ends, -1 where an escape means nothing."""
    while at < end:
        code = byte_at(codes, at)
        if code != BACKSLASH:
            put_byte(written, to, code)
            to += 1
            at += 1
            continue
        if byte_at(codes, at + 1) == LETTER_U:
            character, at = read_escape(codes, at, end)
            if character < 0:
                return -1
            to = write_character(character, written, to)
            continue
        meaning = _MEANINGS[byte_at(codes, at + 1)]
        if meaning == 0:
            return -1
        put_byte(written, to, meaning)
        to += 1
        at += 2
    return to


@compiled
def character_at(codes: int, at: int) -> tuple[int, int]:
    """Give the character that begins here, and where the next one does."""
    code = byte_at(codes, at)
    if code < 0x80:
        return code, at + 1
    if code < 0xE0:
        return ((code & 0x1F) << 6) | (byte_at(codes, at + 1) & 0x3F), at + 2
    if code < 0xF0:
        return ((code & 0x0F) << 12) | ((byte_at(codes, at + 1) & 0x3F) << 6) | (
            byte_at(codes, at + 2) & 0x3F
        ), at + 3
    return (
        ((code & 0x07) << 18)
        | ((byte_at(codes, at + 1) & 0x3F) << 12)
        | ((byte_at(codes, at + 2) & 0x3F) << 6)
        | (byte_at(codes, at + 3) & 0x3F)
    ), at + 4


@compiled
def trim(codes: int, start: int, end: int) -> tuple[int, int]:
    """Take white space from both ends of a text."""
    while start < end:
        code = byte_at(codes, start)
        if SPACE < code < 0x80:
            break
        character, beyond = character_at(codes, start)
        if not _is_blank(character):
            break
        start = beyond
    while start < end:
        code = byte_at(codes, end - 1)
        if SPACE < code < 0x80:
            break
        before = end - 1
        while byte_at(codes, before) & 0xC0 == 0x80:
            before -= 1
        character, _ = character_at(codes, before)
        if not _is_blank(character):
            break
        end = before
    return start, end


@compiled
def _is_blank(character: int) -> bool:
    for blank in _BLANKS:
        if character == blank:
            return True
    return False


@compiled
def may_compose(codes: int, start: int, end: int) -> bool:
    """Say whether a text is perhaps not in NFC."""
    at = start
    while at < end:
        if byte_at(codes, at) < 0x80:
            at += 1
            continue
        character, at = character_at(codes, at)
        is_composed = False
        for number in range(len(_COMPOSED)):
            if _COMPOSED[number, 0] <= character <= _COMPOSED[number, 1]:
                is_composed = True
                break
        if not is_composed:
            return True
    return False
