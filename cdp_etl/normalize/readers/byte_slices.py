"""Record slices: records as slices of a block of delivered bytes, shared by the readers of text formats.

`json/ndjson.py`, `json/stream.py` and `csv/rows.py` cut the slices.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize import errors
from cdp_etl.normalize.readers.json.envelope import Envelope
from cdp_etl.normalize.record_batch import Offsets

_DECODED_BYTES: Final = 1 << 14
"""Bytes that are decoded at a time. Small, because Python copies them into the error of an invalid byte."""

_STARTS_OF_MARKS: Final = (b"\xe2\x80", b"\xe2\x81", b"\xef\xbb", b"\\u")
"""First bytes in UTF-8 of `parsers.INVISIBLE_MARKS` and `parsers.JOINERS`, and of an escape in JSON."""


@dataclass(frozen=True, slots=True)
class RecordSlices:
    """Some records of one file, in the order of delivery.

    Attributes:
        file: Path within the dump.
        buffer: The bytes that contain the records.
        starts: Offset of each record in the buffer.
        ends: End of each record, without its line terminator.
        positions: Line, row or element, from 1.
        quarantined: Reasons of records that cannot be validated, by row.
        offset: Offset of the buffer in the file's decompressed bytes.
        is_one_text: Whether the records are parts of one JSON text; if so, a malformed record is fatal.
        envelopes: Envelopes of API payloads.
        envelope_index: Index of each record's envelope, -1 for none; None if no record has an envelope.
    """

    file: str
    buffer: bytes
    starts: Offsets
    ends: Offsets
    positions: Offsets
    quarantined: dict[int, str] = field(default_factory=dict)
    offset: int = 0
    is_one_text: bool = False
    envelopes: tuple[Envelope, ...] = ()
    envelope_index: npt.NDArray[np.int32] | None = None

    def may_have_invisible_marks(self) -> bool:
        """Return whether a text may have an invisible mark: its first bytes are in the buffer, or an escape is.

        The search costs a hundredth of one in the columns, and most dumps have no such bytes.
        """
        if self.envelopes:  # an envelope may be in an earlier buffer
            return True
        # Python searches for one byte ten times as fast as for two.
        return any(start[:1] in self.buffer and start in self.buffer for start in _STARTS_OF_MARKS)

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.starts)

    def raw(self, row: int) -> bytes:
        """Return a record's bytes."""
        return self.buffer[self.starts[row] : self.ends[row]]

    def chunks(self, max_rows: int) -> Iterator[tuple[slice, "RecordSlices"]]:
        """Yield the records in chunks, each with its range of rows; the chunks share the buffer."""
        if len(self) <= max_rows:
            yield slice(0, len(self)), self
            return
        quarantined = np.array(sorted(self.quarantined), np.int64)
        for first in range(0, len(self), max_rows):
            rows = slice(first, min(first + max_rows, len(self)))
            within = quarantined[
                np.searchsorted(quarantined, rows.start) : np.searchsorted(quarantined, rows.stop)
            ]
            chunk = replace(
                self,
                starts=self.starts[rows],
                ends=self.ends[rows],
                positions=self.positions[rows],
                quarantined={row - first: self.quarantined[row] for row in within.tolist()},
                envelope_index=None if self.envelope_index is None else self.envelope_index[rows],
            )
            yield rows, chunk

    def envelope_of(self, row: int) -> Envelope | None:
        """Return a record's envelope, or None if the record is not an entry of a payload."""
        if self.envelope_index is None or self.envelope_index[row] < 0:
            return None
        return self.envelopes[int(self.envelope_index[row])]


def quarantine_invalid_utf8(slices: RecordSlices) -> None:
    """Quarantine every record that is not UTF-8; invalid bytes between two records are ignored."""
    if not len(slices):
        return
    at, end = int(slices.starts[0]), int(slices.ends[-1])
    while (at := first_invalid_utf8(slices.buffer, at, end)) < end:
        row = int(np.searchsorted(slices.starts, at, side="right")) - 1
        if at < slices.ends[row]:
            slices.quarantined.setdefault(row, errors.NOT_UTF8)
        if row + 1 == len(slices):
            break
        at = int(slices.starts[row + 1])


def first_invalid_utf8(buffer: bytes, start: int, end: int) -> int:
    """Return the offset of the first byte that is not part of a UTF-8 character, or `end`.

    A character that does not end before `end` is invalid from its first byte.
    """
    view = memoryview(buffer)
    while start < end:
        stop = min(start + _DECODED_BYTES, end)
        try:
            start += codecs.utf_8_decode(view[start:stop], "strict", stop == end)[1]
        except UnicodeDecodeError as error:
            return start + error.start
    return end
