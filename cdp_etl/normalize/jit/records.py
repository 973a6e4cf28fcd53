"""Records put into columns: one pass over the bytes of a batch.

A record is taken only where each of its values is plain; whatever else, it is left, with a cause. Put here what a
record is. Keys are found in `keys.py`, values read in `values.py`, others written anew in `canonical.py`.
"""

from typing import Final

from cdp_etl.normalize.jit.buffers import Places
from cdp_etl.normalize.jit.canonical_json import SPACE_NEEDED, is_same, write_value
from cdp_etl.normalize.jit.compile import compiled, entry
from cdp_etl.normalize.jit.keys import field_of, fill_slots, set_of
from cdp_etl.normalize.jit.raw_memory import byte_at, put_byte, put_decimal, put_word, word_at
from cdp_etl.normalize.jit.tokens import (
    CLOSING,
    COLON,
    COMMA,
    ESCAPED,
    NULL,
    OPEN_OBJECT,
    QUOTE,
    behind_blanks,
    end_of_string,
    four_at,
)  # fmt: skip # one list, not one a line
from cdp_etl.normalize.jit.values import (
    ABSENT,
    ANEW,
    AS_TEXT,
    DECIMAL_NUMBER,
    LIST,
    MALFORMED,
    READ,
    read_value,
)  # fmt: skip # as above

NOT_WANTED: Final = 1
NO_JSON: Final = 2
ODD_KEYS: Final = 3
ODD_OTHER: Final = 4
ODD_FIELD: Final = 5
"""Causes for which a record is left; from the last one on the number of the field is added."""

MOST_OTHER_KEYS: Final = 64
"""Keys of no field that a record may have."""
MOST_FIELDS: Final = 62
"""A bit stands for each field that a record was found to have."""

WORK_SPACE: Final = SPACE_NEEDED + 5 * MOST_OTHER_KEYS
"""Numbers that `scan_records` must be given to work with: spans of keys, and what became of their values."""
_MEMBERS: Final = SPACE_NEEDED + 2 * MOST_OTHER_KEYS
"""Where the values of other keys are noted: three numbers each, behind the spans of the keys."""

_INLINE_BYTES: Final = 12
"""An Arrow view holds texts up to this length itself."""


@entry
def scan_records(batch: Places) -> int:
    """Put the records of a batch into columns; give how many were taken.

    Causes that are not 0 already are kept, and their records not looked at. All slots, of the fields and of the
    sets of keys, are -1.
    """
    fill_slots(batch.field_names, batch.field_starts, batch.fields, batch.field_slots)
    taken = 0
    to = 0
    for record in range(batch.records):
        if word_at(batch.causes, record) != 0:
            continue
        start, end = word_at(batch.starts, record), word_at(batch.ends, record)
        cause, beyond = _scan_record(start, end, taken, to, batch)
        put_word(batch.causes, record, cause)
        if cause == 0:
            put_word(batch.rows, taken, record)
            taken += 1
            to = beyond
        else:
            for field in range(batch.fields + 2):
                cell = field * batch.records + taken
                put_byte(batch.states, cell, ABSENT)
                put_word(batch.views, 2 * cell, 0)
                put_word(batch.views, 2 * cell + 1, 0)
    return taken


@compiled
def _scan_record(start: int, end: int, row: int, to: int, batch: Places) -> tuple[int, int]:
    """Put one record into columns; give the cause for which it is left, 0 for none, and where the written ends."""
    codes = batch.codes
    count = 0
    seen = 0
    if start >= end or byte_at(codes, start) != OPEN_OBJECT:
        return NO_JSON, to
    at = behind_blanks(codes, start + 1, end)
    is_empty = at < end and byte_at(codes, at) == OPEN_OBJECT + CLOSING
    while not is_empty:
        if at >= end or byte_at(codes, at) != QUOTE:
            return NO_JSON, to
        key = at + 1
        key_end, holds = end_of_string(codes, key, end)
        if key_end < 0:
            return NO_JSON, to
        if holds & ESCAPED:
            return ODD_KEYS, to
        at = behind_blanks(codes, key_end + 1, end)
        if at >= end or byte_at(codes, at) != COLON:
            return NO_JSON, to
        at = behind_blanks(codes, at + 1, end)
        if at >= end:
            return NO_JSON, to
        field = field_of(key, key_end, batch)
        if field >= 0:
            if (seen >> field) & 1:
                return ODD_KEYS, to
            seen |= 1 << field
            at, to = _put_field(at, end, field, row, to, batch)
            if at < 0:
                return NO_JSON if at == MALFORMED else ODD_FIELD + field, to
        else:
            if count == MOST_OTHER_KEYS or _is_repeated(key, key_end, count, batch):
                return ODD_KEYS, to
            at, to = _note_other(key, key_end, at, end, count, to, batch)
            if at < 0:
                return ODD_OTHER, to
            count += 1
        at = behind_blanks(codes, at, end)
        if at >= end:
            return NO_JSON, to
        if byte_at(codes, at) == OPEN_OBJECT + CLOSING:
            break
        if byte_at(codes, at) != COMMA:
            return NO_JSON, to
        at = behind_blanks(codes, at + 1, end)
    if behind_blanks(codes, at + 1, end) != end:
        return NO_JSON, to
    number = set_of(batch.work + 8 * SPACE_NEEDED, count, batch)
    if number < 0:
        return ODD_KEYS, to
    put_word(batch.row_sets, row, number)
    if count:
        to = _put_others(count, row, to, batch)
    return 0, to


@compiled
def _put_field(at: int, end: int, field: int, row: int, to: int, batch: Places) -> tuple[int, int]:
    """Put the value that begins here into its cell; give where it ends, and where what is written ends."""
    kind = word_at(batch.field_kinds, field)
    at, to, state, place, first, last, number, decimal = read_value(
        batch.codes, at, end, kind, batch.written, to, batch.work
    )
    if at < 0 or state == ABSENT:
        return at, to
    cell = field * batch.records + row
    put_byte(batch.states, cell, state)
    if kind <= LIST or state == AS_TEXT:
        _put_view(place, first, last, cell, batch)
    elif kind == DECIMAL_NUMBER:
        put_decimal(batch.decimals, cell, decimal)
    else:
        put_word(batch.numbers, cell, number)
    return at, to


@compiled
def _put_view(buffer: int, start: int, end: int, cell: int, batch: Places) -> None:
    """Put Arrow's view of a text into its cell."""
    codes = batch.written if buffer == ANEW else batch.codes
    length = end - start
    low = length
    high = 0
    if length > _INLINE_BYTES:
        for place in range(4):
            low |= byte_at(codes, start + place) << (32 + 8 * place)
        high = buffer | (start << 32)
    else:
        for place in range(min(length, 4)):
            low |= byte_at(codes, start + place) << (32 + 8 * place)
        for place in range(4, length):
            high |= byte_at(codes, start + place) << (8 * (place - 4))
    put_word(batch.views, 2 * cell, low)
    put_word(batch.views, 2 * cell + 1, high)


@compiled
def _is_repeated(start: int, end: int, count: int, batch: Places) -> bool:
    """Say whether a record has had a key of no field already."""
    for key in range(count):
        place = SPACE_NEEDED + 2 * key
        known, known_end = word_at(batch.work, place), word_at(batch.work, place + 1)
        if is_same(batch.codes, start, end, batch.codes, known, known_end):
            return True
    return False


@compiled
def _note_other(key: int, key_end: int, at: int, end: int, count: int, to: int, batch: Places) -> tuple[int, int]:
    """Note a key of no field, and write its value; give where it ends, -1 where it is left."""
    length = batch.custom_length
    is_custom = key_end - key >= length and is_same(batch.codes, key, key + length, batch.custom, 0, length)
    is_object = byte_at(batch.codes, at) == OPEN_OBJECT
    if is_custom and not is_object and not (at + 4 <= end and four_at(batch.codes, at) == NULL):
        return -1, to
    beyond, stop = write_value(batch.codes, at, end, batch.written, to, batch.work)
    put_word(batch.work, SPACE_NEEDED + 2 * count, key)
    put_word(batch.work, SPACE_NEEDED + 2 * count + 1, key_end)
    put_word(batch.work, _MEMBERS + 3 * count, 1 if is_custom else 0)
    put_word(batch.work, _MEMBERS + 3 * count + 1, to)
    put_word(batch.work, _MEMBERS + 3 * count + 2, stop)
    return beyond, stop


@compiled
def _put_others(count: int, row: int, to: int, batch: Places) -> int:
    """Put together the custom fields as an object, and the others, where there are any; give where they end."""
    for is_custom in range(2):
        start = to
        for key in range(count):
            if word_at(batch.work, _MEMBERS + 3 * key) == is_custom:
                put_byte(batch.written, to, OPEN_OBJECT if to == start else COMMA)
                to = _put_member(key, to + 1, batch)
        if to > start:
            put_byte(batch.written, to, OPEN_OBJECT + CLOSING)
            to += 1
            cell = (batch.fields + 1 - is_custom) * batch.records + row
            _put_view(ANEW, start, to, cell, batch)
            put_byte(batch.states, cell, READ)
    return to


@compiled
def _put_member(key: int, to: int, batch: Places) -> int:
    start, end = word_at(batch.work, SPACE_NEEDED + 2 * key), word_at(batch.work, SPACE_NEEDED + 2 * key + 1)
    for at in range(start - 1, end + 1):
        put_byte(batch.written, to, byte_at(batch.codes, at))
        to += 1
    put_byte(batch.written, to, COLON)
    to += 1
    for at in range(word_at(batch.work, _MEMBERS + 3 * key + 1), word_at(batch.work, _MEMBERS + 3 * key + 2)):
        put_byte(batch.written, to, byte_at(batch.written, at))
        to += 1
    return to
