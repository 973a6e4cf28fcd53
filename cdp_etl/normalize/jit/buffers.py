"""Arrays for the scan of a batch, and their addresses.

`readers/json/columns.py` allocates the arrays; README.md lists their sizes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize.jit.raw_memory import address_of

ByteArray = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]


class FieldTable(NamedTuple):
    """Fields of an entity, in the order of the columns.

    Attributes:
        names: Keys of the fields, concatenated.
        offsets: Offset of each key in `names`, and the end of the last one.
        kinds: Kind of each field: `values.STRING` and so on.
        slots: Hash table of the fields (`keys.find_field`): the number of a field, or -1.
        custom_prefix: Prefix of the keys of custom fields.
    """

    names: ByteArray
    offsets: Int64Array
    kinds: Int64Array
    slots: Int64Array
    custom_prefix: ByteArray


class ScanOutput(NamedTuple):
    """Columns with one row per scanned record.

    Attributes:
        states: State of each cell (`values.ABSENT` and so on), by column and row. Two string columns follow the
            fields: the custom fields, and the other keys.
        views: Arrow views of strings, two words each, by column and row. Buffer 0 is the delivered bytes, buffer 1
            is `output`.
        integers: Integers, and booleans as 0 and 1, by field and row.
        doubles: Floating-point numbers, by field and row.
        output: Bytes that the scan writes: strings without escapes, compact JSON.
        rows: Number of the record of each row.
        key_sets: Number of the set of other keys of each row.
        causes: Cause for which each record is unsupported, or 0, by record.
    """

    states: ByteArray
    views: Int64Array
    integers: Int64Array
    doubles: npt.NDArray[np.float64]
    output: ByteArray
    rows: Int64Array
    key_sets: Int64Array
    causes: Int64Array


class KeySetTable(NamedTuple):
    """Distinct sets of keys that name no field, of a batch; each set is in the order of delivery.

    Attributes:
        slots: Hash table of the sets: the number of a set, or -1.
        offsets: Offset of the spans of each set in `spans`, and the end of those of the last one.
        spans: Start and end of each key in the delivered bytes.
        set_count: Number of sets, an array of one element.
    """

    slots: Int64Array
    offsets: Int64Array
    spans: Int64Array
    set_count: Int64Array


class BatchAddresses(NamedTuple):
    """Addresses of the arrays of a batch, and the sizes that the scan needs.

    The first are the delivered bytes, start and end of each record in them, and the scratch space. The others are
    named as in `FieldTable`, `ScanOutput` and `KeySetTable`.
    """

    data: int
    starts: int
    ends: int
    record_count: int
    scratch: int
    field_names: int
    field_offsets: int
    field_kinds: int
    field_slots: int
    field_count: int
    custom_prefix: int
    custom_prefix_length: int
    states: int
    views: int
    integers: int
    doubles: int
    output: int
    rows: int
    row_key_sets: int
    causes: int
    key_set_slots: int
    key_set_slot_count: int
    key_set_offsets: int
    key_set_spans: int
    key_set_spans_size: int
    key_set_count: int


def batch_addresses(
    data: ByteArray,
    starts: Int64Array,
    ends: Int64Array,
    scratch: Int64Array,
    fields: FieldTable,
    cells: ScanOutput,
    key_sets: KeySetTable,
) -> BatchAddresses:
    """Return the addresses of the arrays; the caller keeps the arrays while it uses the addresses."""
    return BatchAddresses(
        data=address_of(data),
        starts=address_of(starts),
        ends=address_of(ends),
        record_count=len(starts),
        scratch=address_of(scratch),
        field_names=address_of(fields.names),
        field_offsets=address_of(fields.offsets),
        field_kinds=address_of(fields.kinds),
        field_slots=address_of(fields.slots),
        field_count=len(fields.kinds),
        custom_prefix=address_of(fields.custom_prefix),
        custom_prefix_length=len(fields.custom_prefix),
        states=address_of(cells.states),
        views=address_of(cells.views),
        integers=address_of(cells.integers),
        doubles=address_of(cells.doubles),
        output=address_of(cells.output),
        rows=address_of(cells.rows),
        row_key_sets=address_of(cells.key_sets),
        causes=address_of(cells.causes),
        key_set_slots=address_of(key_sets.slots),
        key_set_slot_count=len(key_sets.slots),
        key_set_offsets=address_of(key_sets.offsets),
        key_set_spans=address_of(key_sets.spans),
        key_set_spans_size=len(key_sets.spans),
        key_set_count=address_of(key_sets.set_count),
    )
