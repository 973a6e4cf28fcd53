"""Scan of JSON records into columns, in one pass over the bytes of a batch.

A record with an unsupported key or value gets a cause, and goes to the reference path. `keys.py` finds the fields,
`values.py` parses their values, `canonical_json.py` rewrites the values of other keys.
"""

from typing import Final

from cdp_etl.normalize.jit.buffers import BatchAddresses
from cdp_etl.normalize.jit.canonical_json import WRITER_SCRATCH_WORDS, equal_bytes, write_value
from cdp_etl.normalize.jit.compile import compiled, kernel
from cdp_etl.normalize.jit.keys import fill_field_slots, find_field, intern_key_set
from cdp_etl.normalize.jit.raw_memory import load_i64, load_u8, store_f64, store_i64, store_u8
from cdp_etl.normalize.jit.tokens import (
    CLOSE_OBJECT,
    COLON,
    COMMA,
    HAS_ESCAPE,
    NULL,
    OPEN_OBJECT,
    QUOTE,
    find_string_end,
    load_u32,
    skip_whitespace,
)  # fmt: skip # one list, not one a line
from cdp_etl.normalize.jit.values import (
    ABSENT,
    AS_TEXT,
    DOUBLE,
    LIST,
    MALFORMED,
    OUTPUT_BUFFER,
    PARSED,
    read_value,
)  # fmt: skip # as above

EXCLUDED: Final = 1
MALFORMED_JSON: Final = 2
UNSUPPORTED_KEYS: Final = 3
UNSUPPORTED_OTHER_VALUE: Final = 4
UNSUPPORTED_FIELD: Final = 5
"""Cause for which a record is not scanned; to UNSUPPORTED_FIELD the number of the field is added."""

MAX_OTHER_KEYS: Final = 64
"""Keys that name no field, per record."""
MAX_FIELDS: Final = 62
"""Fields of an entity: the fields found in a record are bits of one 64-bit number."""

SCAN_SCRATCH_WORDS: Final = WRITER_SCRATCH_WORDS + 5 * MAX_OTHER_KEYS
"""64-bit words of scratch space for `scan_records`: that of `write_value`, then two arrays for the other keys.

The first array has start and end of each key. The second has whether the key is a custom field, and start and end
of its value in the output.
"""
_OTHER_VALUES: Final = WRITER_SCRATCH_WORDS + 2 * MAX_OTHER_KEYS
"""Index of the second array in the scratch space."""

_INLINE_BYTES: Final = 12
"""Strings up to this length are stored in the Arrow view itself."""


@kernel
def scan_records(batch: BatchAddresses) -> int:
    """Scan the records of a batch into columns; return the number of rows.

    Records whose cause is not 0 already are skipped. The caller has set the slots of both hash tables, of field
    names and of key sets, to -1.
    """
    fill_field_slots(batch.field_names, batch.field_offsets, batch.field_count, batch.field_slots)
    row_count = 0
    out = 0
    for record in range(batch.record_count):
        if load_i64(batch.causes, record) != 0:
            continue
        start, end = load_i64(batch.starts, record), load_i64(batch.ends, record)
        cause, next_out = _scan_record(start, end, row_count, out, batch)
        store_i64(batch.causes, record, cause)
        if cause == 0:
            store_i64(batch.rows, row_count, record)
            row_count += 1
            out = next_out
        else:
            # The next record uses the same row. The two extra columns are custom fields and other keys.
            for field in range(batch.field_count + 2):
                cell = field * batch.record_count + row_count
                store_u8(batch.states, cell, ABSENT)
                store_i64(batch.views, 2 * cell, 0)
                store_i64(batch.views, 2 * cell + 1, 0)
    return row_count


@compiled
def _scan_record(start: int, end: int, row: int, out: int, batch: BatchAddresses) -> tuple[int, int]:
    """Scan one record into a row; return its cause, 0 if it is supported, and the end of the output."""
    data = batch.data
    count = 0  # keys that name no field
    seen = 0  # bits of the fields found
    if start >= end or load_u8(data, start) != OPEN_OBJECT:
        return MALFORMED_JSON, out
    pos = skip_whitespace(data, start + 1, end)
    is_empty = pos < end and load_u8(data, pos) == CLOSE_OBJECT
    while not is_empty:
        if pos >= end or load_u8(data, pos) != QUOTE:
            return MALFORMED_JSON, out
        key = pos + 1
        key_end, flags = find_string_end(data, key, end)
        if key_end < 0:
            return MALFORMED_JSON, out
        if flags & HAS_ESCAPE:
            return UNSUPPORTED_KEYS, out
        pos = skip_whitespace(data, key_end + 1, end)
        if pos >= end or load_u8(data, pos) != COLON:
            return MALFORMED_JSON, out
        pos = skip_whitespace(data, pos + 1, end)
        if pos >= end:
            return MALFORMED_JSON, out
        field = find_field(key, key_end, batch)
        if field >= 0:
            if (seen >> field) & 1:
                return UNSUPPORTED_KEYS, out
            seen |= 1 << field
            pos, out = _store_field(pos, end, field, row, out, batch)
            if pos < 0:
                return MALFORMED_JSON if pos == MALFORMED else UNSUPPORTED_FIELD + field, out
        else:
            if count == MAX_OTHER_KEYS or _is_repeated_key(key, key_end, count, batch):
                return UNSUPPORTED_KEYS, out
            pos, out = _write_other_value(key, key_end, pos, end, count, out, batch)
            if pos < 0:
                return UNSUPPORTED_OTHER_VALUE, out
            count += 1
        pos = skip_whitespace(data, pos, end)
        if pos >= end:
            return MALFORMED_JSON, out
        if load_u8(data, pos) == CLOSE_OBJECT:
            break
        if load_u8(data, pos) != COMMA:
            return MALFORMED_JSON, out
        pos = skip_whitespace(data, pos + 1, end)
    if skip_whitespace(data, pos + 1, end) != end:
        return MALFORMED_JSON, out
    number = intern_key_set(batch.scratch + 8 * WRITER_SCRATCH_WORDS, count, batch)
    if number < 0:
        return UNSUPPORTED_KEYS, out
    store_i64(batch.row_key_sets, row, number)
    if count:
        out = _write_other_objects(count, row, out, batch)
    return 0, out


@compiled
def _store_field(pos: int, end: int, field: int, row: int, out: int, batch: BatchAddresses) -> tuple[int, int]:
    """Parse the value of a field into its cell; return the offset after it and the end of the output."""
    kind = load_i64(batch.field_kinds, field)
    pos, out, state, buffer, start, last, number, double = read_value(
        batch.data, pos, end, kind, batch.output, out, batch.scratch
    )
    if pos < 0 or state == ABSENT:
        return pos, out
    cell = field * batch.record_count + row
    store_u8(batch.states, cell, state)
    if kind <= LIST or state == AS_TEXT:
        _store_view(buffer, start, last, cell, batch)
    if kind == DOUBLE:
        store_f64(batch.doubles, cell, double)
    elif kind > LIST:
        store_i64(batch.integers, cell, number)
    return pos, out


@compiled
def _store_view(buffer: int, start: int, end: int, cell: int, batch: BatchAddresses) -> None:
    """Store the Arrow view of a string in its cell."""
    data = batch.output if buffer == OUTPUT_BUFFER else batch.data
    length = end - start
    low = length
    high = 0
    if length > _INLINE_BYTES:
        for index in range(4):
            low |= load_u8(data, start + index) << (32 + 8 * index)
        high = buffer | (start << 32)
    else:
        for index in range(min(length, 4)):
            low |= load_u8(data, start + index) << (32 + 8 * index)
        for index in range(4, length):
            high |= load_u8(data, start + index) << (8 * (index - 4))
    store_i64(batch.views, 2 * cell, low)
    store_i64(batch.views, 2 * cell + 1, high)


@compiled
def _is_repeated_key(start: int, end: int, count: int, batch: BatchAddresses) -> bool:
    """Return whether the record has had this key already, among those that name no field."""
    for key in range(count):
        index = WRITER_SCRATCH_WORDS + 2 * key
        known_start, known_end = load_i64(batch.scratch, index), load_i64(batch.scratch, index + 1)
        if equal_bytes(batch.data, start, end, batch.data, known_start, known_end):
            return True
    return False


@compiled
def _write_other_value(
    key: int, key_end: int, pos: int, end: int, count: int, out: int, batch: BatchAddresses
) -> tuple[int, int]:
    """Write the value of a key that names no field, and remember both.

    Return the offset after the value, -1 if it is unsupported, and the end of the output.
    """
    length = batch.custom_prefix_length
    is_custom = key_end - key >= length and equal_bytes(
        batch.data, key, key + length, batch.custom_prefix, 0, length
    )
    is_object = load_u8(batch.data, pos) == OPEN_OBJECT
    if is_custom and not is_object and not (pos + 4 <= end and load_u32(batch.data, pos) == NULL):
        return -1, out
    next_pos, next_out = write_value(batch.data, pos, end, batch.output, out, batch.scratch)
    store_i64(batch.scratch, WRITER_SCRATCH_WORDS + 2 * count, key)
    store_i64(batch.scratch, WRITER_SCRATCH_WORDS + 2 * count + 1, key_end)
    store_i64(batch.scratch, _OTHER_VALUES + 3 * count, 1 if is_custom else 0)
    store_i64(batch.scratch, _OTHER_VALUES + 3 * count + 1, out)
    store_i64(batch.scratch, _OTHER_VALUES + 3 * count + 2, next_out)
    return next_pos, next_out


@compiled
def _write_other_objects(count: int, row: int, out: int, batch: BatchAddresses) -> int:
    """Write the custom fields as one object and the other keys as another; return the end of the output.

    An empty object is not written.
    """
    for is_custom in range(2):
        start = out
        for key in range(count):
            if load_i64(batch.scratch, _OTHER_VALUES + 3 * key) == is_custom:
                store_u8(batch.output, out, OPEN_OBJECT if out == start else COMMA)
                out = _write_member(key, out + 1, batch)
        if out > start:
            store_u8(batch.output, out, CLOSE_OBJECT)
            out += 1
            # Custom fields are the first column after the fields, the other keys the second.
            cell = (batch.field_count + 1 - is_custom) * batch.record_count + row
            _store_view(OUTPUT_BUFFER, start, out, cell, batch)
            store_u8(batch.states, cell, PARSED)
    return out


@compiled
def _write_member(key: int, out: int, batch: BatchAddresses) -> int:
    key_span = WRITER_SCRATCH_WORDS + 2 * key
    start, end = load_i64(batch.scratch, key_span), load_i64(batch.scratch, key_span + 1)
    for pos in range(start - 1, end + 1):
        store_u8(batch.output, out, load_u8(batch.data, pos))
        out += 1
    store_u8(batch.output, out, COLON)
    out += 1
    value = _OTHER_VALUES + 3 * key
    for pos in range(load_i64(batch.scratch, value + 1), load_i64(batch.scratch, value + 2)):
        store_u8(batch.output, out, load_u8(batch.output, pos))
        out += 1
    return out
