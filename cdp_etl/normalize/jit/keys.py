"""Hash tables of keys: the fields of the entity, and the sets of other keys of a batch."""

from typing import Final

from cdp_etl.normalize.jit.buffers import BatchAddresses
from cdp_etl.normalize.jit.canonical_json import equal_bytes
from cdp_etl.normalize.jit.compile import compiled
from cdp_etl.normalize.jit.raw_memory import load_i64, load_u8, store_i64

SLOTS: Final = 256
"""Slots of the hash table of fields: many more than fields, so that there are few collisions."""

_FNV_PRIME: Final = 0x100000001B3
"""Prime of the hash function FNV-1a."""


@compiled
def hash_slot(data: int, start: int, end: int) -> int:
    """Return the first slot to probe for a key."""
    length = end - start
    if length == 0:
        return 0
    middle = load_u8(data, start + (length >> 1))
    digest = length * 31 + load_u8(data, start) * 7 + load_u8(data, end - 1) * 13 + middle * 17
    return digest & (SLOTS - 1)


@compiled
def fill_field_slots(names: int, offsets: int, count: int, slots: int) -> None:
    """Insert all fields into their hash table, which is empty (-1) before."""
    for field in range(count):
        slot = hash_slot(names, load_i64(offsets, field), load_i64(offsets, field + 1))
        while load_i64(slots, slot) >= 0:
            slot = (slot + 1) & (SLOTS - 1)
        store_i64(slots, slot, field)


@compiled
def find_field(key: int, end: int, batch: BatchAddresses) -> int:
    """Return the number of the field that a key names, or -1."""
    slot = hash_slot(batch.data, key, end)
    while True:
        field = load_i64(batch.field_slots, slot)
        if field < 0:
            return -1
        start, next_start = load_i64(batch.field_offsets, field), load_i64(batch.field_offsets, field + 1)
        if equal_bytes(batch.data, key, end, batch.field_names, start, next_start):
            return field
        slot = (slot + 1) & (SLOTS - 1)


@compiled
def intern_key_set(spans: int, count: int, batch: BatchAddresses) -> int:
    """Return the number of a record's set of other keys; a new set is stored.

    Return -1 if the set is new and there is no space for it.

    Args:
        spans: Address of the start and end of each key, in the order of delivery.
        count: Number of keys.
        batch: The batch, with the sets stored so far.
    """
    digest = count + 1
    for key in range(count):
        for index in range(load_i64(spans, 2 * key), load_i64(spans, 2 * key + 1)):
            digest = (digest ^ load_u8(batch.data, index)) * _FNV_PRIME
        digest = (digest ^ 0xFF) * _FNV_PRIME
    slot = (digest ^ (digest >> 32)) & (batch.key_set_slot_count - 1)
    while True:
        number = load_i64(batch.key_set_slots, slot)
        if number < 0:
            break
        if _equals_key_set(spans, count, number, batch):
            return number
        slot = (slot + 1) & (batch.key_set_slot_count - 1)
    number = load_i64(batch.key_set_count, 0)
    first = load_i64(batch.key_set_offsets, number)
    if first + 2 * count > batch.key_set_spans_size:
        return -1
    for index in range(2 * count):
        store_i64(batch.key_set_spans, first + index, load_i64(spans, index))
    store_i64(batch.key_set_offsets, number + 1, first + 2 * count)
    store_i64(batch.key_set_count, 0, number + 1)
    store_i64(batch.key_set_slots, slot, number)
    return number


@compiled
def _equals_key_set(spans: int, count: int, number: int, batch: BatchAddresses) -> bool:
    first = load_i64(batch.key_set_offsets, number)
    if load_i64(batch.key_set_offsets, number + 1) - first != 2 * count:
        return False
    for key in range(count):
        index = first + 2 * key
        start, end = load_i64(spans, 2 * key), load_i64(spans, 2 * key + 1)
        known_start, known_end = load_i64(batch.key_set_spans, index), load_i64(batch.key_set_spans, index + 1)
        if not equal_bytes(batch.data, start, end, batch.data, known_start, known_end):
            return False
    return True
