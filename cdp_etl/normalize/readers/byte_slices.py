"""Records as slices of a block of delivered bytes: what the decoders of text formats give to the lanes.

Put here what such slices are and whether they are UTF-8. How they are cut stands in `lines.py`, `json_array.py`
and `csv_rows.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize import errors
from cdp_etl.normalize.jit.utf8 import first_fault
from cdp_etl.normalize.readers.json.envelope import Envelope

Offsets = npt.NDArray[np.int64]
"""Byte offsets or positions, one a record."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Some records of one file, in the order of delivery.

    Attributes:
        file: Path within the dump.
        buffer: The bytes that the records are slices of.
        starts: Where each record begins in the buffer.
        ends: Where each ends; its line terminator is no part of it.
        positions: Line, row or element, from 1.
        refused: Reason of each record that cannot be judged at all, by its index here.
        offset: Of the buffer in the file's decompressed bytes.
        is_one_text: Whether the records are parts of one JSON text, so that one that is no JSON is fatal.
        envelopes: What payloads say of some records.
        envelope: Which of them says it of each record, -1 where none does; None where none does of any.
    """

    file: str
    buffer: bytes
    starts: Offsets
    ends: Offsets
    positions: Offsets
    refused: dict[int, str] = field(default_factory=dict)
    offset: int = 0
    is_one_text: bool = False
    envelopes: tuple[Envelope, ...] = ()
    envelope: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        """Give the number of records."""
        return len(self.starts)

    def raw(self, row: int) -> bytes:
        """Give a record's bytes."""
        return self.buffer[self.starts[row] : self.ends[row]]

    def pieces(self, at_most: int) -> Iterator[tuple[slice, "Texts"]]:
        """Give the records in pieces of at most so many, each with its place among these; the bytes are shared."""
        if len(self) <= at_most:
            yield slice(0, len(self)), self
            return
        refused = np.array(sorted(self.refused), np.int64)
        for first in range(0, len(self), at_most):
            place = slice(first, min(first + at_most, len(self)))
            within = refused[np.searchsorted(refused, place.start) : np.searchsorted(refused, place.stop)]
            piece = replace(
                self,
                starts=self.starts[place],
                ends=self.ends[place],
                positions=self.positions[place],
                refused={row - first: self.refused[row] for row in within.tolist()},
                envelope=None if self.envelope is None else self.envelope[place],
            )
            yield place, piece

    def envelope_of(self, row: int) -> Envelope | None:
        """Give what a payload says of a record, None where it stands by itself."""
        if self.envelope is None or self.envelope[row] < 0:
            return None
        return self.envelopes[int(self.envelope[row])]


def refuse_what_is_not_utf8(texts: Texts) -> None:
    """Note every record that is not UTF-8 among the refused; a fault between two records is none."""
    if not len(texts):
        return
    codes = np.frombuffer(texts.buffer, np.uint8)
    at, end = int(texts.starts[0]), int(texts.ends[-1])
    while (at := first_fault(codes.ctypes.data, at, end)) < end:
        row = int(np.searchsorted(texts.starts, at, side="right")) - 1
        if at < texts.ends[row]:
            texts.refused.setdefault(row, errors.NOT_UTF8)
        if row + 1 == len(texts):
            break
        at = int(texts.starts[row + 1])
