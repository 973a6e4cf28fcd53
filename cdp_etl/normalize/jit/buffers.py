"""What compiled code is given: arrays by name, and where they are.

Put here their names alone.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


class Fields(NamedTuple):
    """What the records may hold, in the order of the columns.

    Attributes:
        names: The keys, one behind the other.
        starts: Where each begins in them, and where the last one ends.
        kinds: How each is read (`values.TEXT` and so on).
        slots: A hash table of them (`keys.slot_of`): the number of a field, -1 where there is none.
        custom: What the keys of custom fields begin with.
    """

    names: Bytes
    starts: Numbers
    kinds: Numbers
    slots: Numbers
    custom: Bytes


class Cells(NamedTuple):
    """The columns that are filled: a row for each record that is taken.

    Attributes:
        states: What each cell holds (`values.ABSENT` and so on), by field and row. Behind the fields come two
            columns of text: the custom fields, and the others.
        views: Arrow's views of texts, two words each, by column and row: of the batch's bytes (buffer 0), or of
            what was written anew (buffer 1).
        numbers: Whole numbers, and true as 1, by field and row.
        decimals: Numbers with a fraction, by field and row.
        written: Takes what is written anew: texts without escapes, objects without blanks.
        rows: Which record each row is.
        sets: Which set of other keys each row has.
        causes: Why each record was left, 0 where it was not, by record.
    """

    states: Bytes
    views: Numbers
    numbers: Numbers
    decimals: npt.NDArray[np.float64]
    written: Bytes
    rows: Numbers
    sets: Numbers
    causes: Numbers


class KeySets(NamedTuple):
    """The distinct sets of other keys of a batch, each in the order of delivery.

    Attributes:
        slots: A hash table of the sets: the number of one, -1 where there is none.
        firsts: Where the spans of each set begin, and where those of the last one end.
        spans: Start and end in the batch's bytes of each key.
        known: How many there are, in an array of one.
    """

    slots: Numbers
    firsts: Numbers
    spans: Numbers
    known: Numbers


class Places(NamedTuple):
    """Addresses of a batch's arrays, and their lengths where they are needed.

    The first are the delivered bytes, and where each record begins and ends in them; `work` is room to work with.
    The others are named as in `Fields`, `Cells` and `KeySets`.
    """

    codes: int
    starts: int
    ends: int
    records: int
    work: int
    field_names: int
    field_starts: int
    field_kinds: int
    field_slots: int
    fields: int
    custom: int
    custom_length: int
    states: int
    views: int
    numbers: int
    decimals: int
    written: int
    rows: int
    row_sets: int
    causes: int
    set_slots: int
    slots: int
    set_firsts: int
    set_spans: int
    spans: int
    set_count: int


def places(
    codes: Bytes, starts: Numbers, ends: Numbers, work: Numbers, fields: Fields, cells: Cells, sets: KeySets
) -> Places:
    """Give where arrays are; whoever asks keeps them as long as the addresses are used."""
    return Places(
        codes=codes.ctypes.data,
        starts=starts.ctypes.data,
        ends=ends.ctypes.data,
        records=len(starts),
        work=work.ctypes.data,
        field_names=fields.names.ctypes.data,
        field_starts=fields.starts.ctypes.data,
        field_kinds=fields.kinds.ctypes.data,
        field_slots=fields.slots.ctypes.data,
        fields=len(fields.kinds),
        custom=fields.custom.ctypes.data,
        custom_length=len(fields.custom),
        states=cells.states.ctypes.data,
        views=cells.views.ctypes.data,
        numbers=cells.numbers.ctypes.data,
        decimals=cells.decimals.ctypes.data,
        written=cells.written.ctypes.data,
        rows=cells.rows.ctypes.data,
        row_sets=cells.sets.ctypes.data,
        causes=cells.causes.ctypes.data,
        set_slots=sets.slots.ctypes.data,
        slots=len(sets.slots),
        set_firsts=sets.firsts.ctypes.data,
        set_spans=sets.spans.ctypes.data,
        spans=len(sets.spans),
        set_count=sets.known.ctypes.data,
    )
