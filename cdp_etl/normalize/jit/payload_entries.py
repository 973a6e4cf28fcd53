"""Byte spans of the elements of `entries` in an API payload.

A payload is one line with several records. `readers/json/payload.py` cuts the line at these spans.
"""

from typing import Final

from cdp_etl.normalize.jit.compile import compiled, kernel
from cdp_etl.normalize.jit.raw_memory import load_u8, store_i64
from cdp_etl.normalize.jit.tokens import (
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COMMA,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    find_string_end,
    load_u32,
    skip_whitespace,
)  # fmt: skip # one list, not one a line

# `entries` is compared as two words of four bytes that overlap in one byte.
_ENTR: Final = int.from_bytes(b"entr")
_RIES: Final = int.from_bytes(b"ries")
_LENGTH: Final = 7


@kernel
def find_entries(data: int, start: int, end: int, spans: int) -> int:
    """Find the elements of the member `entries` of an object; return their number.

    Return -1 if the object has no such member, or if its value is not an array.

    The object must be valid JSON. If the member is repeated, the last one counts.

    Args:
        data: Address of the bytes.
        start: Offset of the object.
        end: End of the object.
        spans: Address of words for start and end of each entry; one word per byte of the object is enough.
    """
    count = -1
    pos = skip_whitespace(data, skip_whitespace(data, start, end) + 1, end)
    while pos < end and load_u8(data, pos) == QUOTE:
        close, _ = find_string_end(data, pos + 1, end)
        is_entries = (
            close - pos - 1 == _LENGTH and load_u32(data, pos + 1) == _ENTR and load_u32(data, pos + 4) == _RIES
        )
        pos = skip_whitespace(data, skip_whitespace(data, close + 1, end) + 1, end)
        if is_entries:
            count = -1
            if load_u8(data, pos) == OPEN_ARRAY:
                count, pos = _store_entry_spans(data, pos, end, spans)
        if not is_entries or count < 0:
            pos = _skip_value(data, pos, end)
        pos = skip_whitespace(data, pos, end)
        if pos < end and load_u8(data, pos) == COMMA:
            pos = skip_whitespace(data, pos + 1, end)
    return count


@compiled
def _store_entry_spans(data: int, pos: int, end: int, spans: int) -> tuple[int, int]:
    """Store start and end of each element of an array; return their number and the offset after the array."""
    count = 0
    pos = skip_whitespace(data, pos + 1, end)
    while pos < end and load_u8(data, pos) != CLOSE_ARRAY:
        next_pos = _skip_value(data, pos, end)
        store_i64(spans, 2 * count, pos)
        store_i64(spans, 2 * count + 1, next_pos)
        count += 1
        pos = skip_whitespace(data, next_pos, end)
        if pos < end and load_u8(data, pos) == COMMA:
            pos = skip_whitespace(data, pos + 1, end)
    return count, pos + 1


@compiled
def _skip_value(data: int, pos: int, end: int) -> int:
    """Return the offset after a value of valid JSON."""
    depth = 0
    while pos < end:
        code = load_u8(data, pos)
        if code == QUOTE:
            pos, _ = find_string_end(data, pos + 1, end)
        elif code == OPEN_ARRAY or code == OPEN_OBJECT:
            depth += 1
        elif code == CLOSE_ARRAY or code == CLOSE_OBJECT:
            if depth == 0:
                return pos
            depth -= 1
        elif depth == 0 and (code == COMMA or code <= 0x20):
            return pos
        pos += 1
        if depth == 0 and (code == QUOTE or code == CLOSE_ARRAY or code == CLOSE_OBJECT):
            return pos
    return end
