"""The entries of an API payload in one line.

Put here where they are. What a payload says of them stands in `envelope.py`.
"""

from typing import Final

from cdp_etl.normalize.jit.compile import compiled, entry
from cdp_etl.normalize.jit.raw_memory import byte_at, put_word
from cdp_etl.normalize.jit.tokens import (
    CLOSING,
    COMMA,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    behind_blanks,
    end_of_string,
    four_at,
)  # fmt: skip # one list, not one a line

_ENTR: Final = int.from_bytes(b"entr")
_RIES: Final = int.from_bytes(b"ries")
_LENGTH: Final = 7


@entry
def find_entries(codes: int, start: int, end: int, spans: int) -> int:
    """Give how many entries an object has, a line that is known to be JSON; -1 where it has no array of them.

    Of repeated members the last one counts.

    Args:
        codes: Address of the bytes.
        start: Where the line begins.
        end: Where it ends.
        spans: Address of numbers that are filled: where each entry begins and ends; half as many as the line has
            bytes are enough.
    """
    found = -1
    at = behind_blanks(codes, behind_blanks(codes, start, end) + 1, end)
    while at < end and byte_at(codes, at) == QUOTE:
        close, _ = end_of_string(codes, at + 1, end)
        is_entries = (
            close - at - 1 == _LENGTH and four_at(codes, at + 1) == _ENTR and four_at(codes, at + 4) == _RIES
        )
        at = behind_blanks(codes, behind_blanks(codes, close + 1, end) + 1, end)
        if is_entries:
            found = -1
            if byte_at(codes, at) == OPEN_ARRAY:
                found, at = _note_entries(codes, at, end, spans)
        if not is_entries or found < 0:
            at = _behind_value(codes, at, end)
        at = behind_blanks(codes, at, end)
        if at < end and byte_at(codes, at) == COMMA:
            at = behind_blanks(codes, at + 1, end)
    return found


@compiled
def _note_entries(codes: int, at: int, end: int, spans: int) -> tuple[int, int]:
    """Note where the elements of an array are; give how many, and where the array ends."""
    count = 0
    at = behind_blanks(codes, at + 1, end)
    while at < end and byte_at(codes, at) != OPEN_ARRAY + CLOSING:
        beyond = _behind_value(codes, at, end)
        put_word(spans, 2 * count, at)
        put_word(spans, 2 * count + 1, beyond)
        count += 1
        at = behind_blanks(codes, beyond, end)
        if at < end and byte_at(codes, at) == COMMA:
            at = behind_blanks(codes, at + 1, end)
    return count, at + 1


@compiled
def _behind_value(codes: int, at: int, end: int) -> int:
    """Give where a value ends that is known to be one."""
    depth = 0
    while at < end:
        code = byte_at(codes, at)
        if code == QUOTE:
            at, _ = end_of_string(codes, at + 1, end)
        elif code == OPEN_ARRAY or code == OPEN_OBJECT:
            depth += 1
        elif code == OPEN_ARRAY + CLOSING or code == OPEN_OBJECT + CLOSING:
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and (code == COMMA or code <= 0x20):
            return at
        at += 1
        if depth == 0 and (code == QUOTE or code == OPEN_ARRAY + CLOSING or code == OPEN_OBJECT + CLOSING):
            return at
    return end
