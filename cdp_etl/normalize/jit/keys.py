"""The keys of records: which field one names, and which others stand beside them.

Put here how keys are found again. What their values become is decided in `records.py`.
"""

from typing import Final

from cdp_etl.normalize.jit.buffers import Places
from cdp_etl.normalize.jit.canonical_json import is_same
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import byte_at, put_word, word_at

SLOTS: Final = 256
"""Of the hash table of fields: many more than an entity has, so that most are found at once."""

_PRIME: Final = 0x100000001B3


@compiled
def slot_of(codes: int, start: int, end: int) -> int:
    """Give the slot where the search for a key begins."""
    length = end - start
    if length == 0:
        return 0
    middle = byte_at(codes, start + (length >> 1))
    mixed = length * 31 + byte_at(codes, start) * 7 + byte_at(codes, end - 1) * 13 + middle * 17
    return mixed & (SLOTS - 1)


@compiled
def fill_slots(names: int, starts: int, fields: int, slots: int) -> None:
    """Enter the fields into their hash table, whose slots are all -1."""
    for field in range(fields):
        slot = slot_of(names, word_at(starts, field), word_at(starts, field + 1))
        while word_at(slots, slot) >= 0:
            slot = (slot + 1) & (SLOTS - 1)
        put_word(slots, slot, field)


@compiled
def field_of(key: int, end: int, batch: Places) -> int:
    """Give the field that a key names, -1 where it names none."""
    slot = slot_of(batch.codes, key, end)
    while True:
        field = word_at(batch.field_slots, slot)
        if field < 0:
            return -1
        start, stop = word_at(batch.field_starts, field), word_at(batch.field_starts, field + 1)
        if is_same(batch.codes, key, end, batch.field_names, start, stop):
            return field
        slot = (slot + 1) & (SLOTS - 1)


@compiled
def set_of(spans: int, count: int, batch: Places) -> int:
    """Give the number of a record's set of other keys, entering one not seen before; -1 where there is no room.

    Args:
        spans: Address of the start and end of each key, in the order of delivery.
        count: How many there are.
        batch: The batch, with the sets seen before.
    """
    mixed = count + 1
    for key in range(count):
        for place in range(word_at(spans, 2 * key), word_at(spans, 2 * key + 1)):
            mixed = (mixed ^ byte_at(batch.codes, place)) * _PRIME
        mixed = (mixed ^ 0xFF) * _PRIME
    slot = (mixed ^ (mixed >> 32)) & (batch.slots - 1)
    while True:
        number = word_at(batch.set_slots, slot)
        if number < 0:
            break
        if _is_set(spans, count, number, batch):
            return number
        slot = (slot + 1) & (batch.slots - 1)
    number = word_at(batch.set_count, 0)
    first = word_at(batch.set_firsts, number)
    if first + 2 * count > batch.spans:
        return -1
    for place in range(2 * count):
        put_word(batch.set_spans, first + place, word_at(spans, place))
    put_word(batch.set_firsts, number + 1, first + 2 * count)
    put_word(batch.set_count, 0, number + 1)
    put_word(batch.set_slots, slot, number)
    return number


@compiled
def _is_set(spans: int, count: int, number: int, batch: Places) -> bool:
    first = word_at(batch.set_firsts, number)
    if word_at(batch.set_firsts, number + 1) - first != 2 * count:
        return False
    for key in range(count):
        place = first + 2 * key
        start, end = word_at(spans, 2 * key), word_at(spans, 2 * key + 1)
        known, known_end = word_at(batch.set_spans, place), word_at(batch.set_spans, place + 1)
        if not is_same(batch.codes, start, end, batch.codes, known, known_end):
            return False
    return True
