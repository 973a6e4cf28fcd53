"""Reader of NDJSON: cuts a file into lines, one record per line, and skips blank lines.

`payload.py` expands an API payload: one line that contains several records.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from cdp_etl.normalize import errors
from cdp_etl.normalize.readers.byte_slices import RecordSlices, quarantine_invalid_utf8
from cdp_etl.normalize.readers.byte_stream import (
    BYTE_ORDER_MARK,
    MARKS_WITHIN,
    OTHER_BYTE_ORDER_MARKS,
    ByteSource,
)
from cdp_etl.normalize.record_batch import Offsets

_NEWLINE: Final = 0x0A
_CARRIAGE_RETURN: Final = 0x0D
_OPEN_BRACE: Final = 0x7B
_MAX_LINES: Final = 1 << 20
"""Lines that are cut at the same time: their offsets need about 50 bytes a line, however short it is."""


def read_lines(source: ByteSource) -> Iterator[RecordSlices]:
    """Yield the lines of a file in batches.

    A line longer than the limit is quarantined with its first `limit` bytes, so that memory stays bounded. Blank
    lines count in the positions.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end.
    """
    limit = source.bounds.record_bytes
    position = 1
    is_utf8 = True
    for number, data in enumerate(_whole_lines(source.blocks(), limit)):
        block = data
        if number == 0:
            is_utf8 = not data.startswith(OTHER_BYTE_ORDER_MARKS)
            block = data.removeprefix(BYTE_ORDER_MARK)
        for part, newlines in _parts(block):
            slices, position = _cut_lines(source, part, newlines, position, limit)
            for row in np.flatnonzero(slices.ends - slices.starts > limit):
                slices.quarantined[int(row)] = errors.too_long(limit)
                slices.ends[row] = slices.starts[row] + limit
            if is_utf8:
                quarantine_invalid_utf8(slices)
            else:
                slices.quarantined.update(dict.fromkeys(range(len(slices)), errors.NOT_UTF8))
            if len(slices):
                yield slices


def _whole_lines(blocks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield blocks that end at a line end.

    A line beyond the limit is yielded alone. It is truncated, but stays longer than the limit.
    """
    max_pending = limit + 2  # the last byte may be a carriage return
    pending: list[bytes] = []
    size = 0
    is_skipping = False
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if is_skipping:
            first = block.find(b"\n") + 1
            if not first:
                continue
            yield b"".join(pending)
            pending, size, is_skipping = [], 0, False
            if cut > first:
                yield block[first:cut]
        elif cut:
            yield b"".join([*pending, memoryview(block)[:cut]])  # a slice of the bytes would copy them once more
            pending, size = [], 0
        rest = block[cut:]
        pending.append(rest)
        size += len(rest)
        is_skipping = size >= max_pending
        if is_skipping:
            pending = [b"".join(pending)[:max_pending]]
    if size:
        yield b"".join(pending)


def _parts(data: bytes) -> Iterator[tuple[bytes, Offsets]]:
    """Yield the bytes, with the offsets of their newlines, in parts of at most `_MAX_LINES` lines."""
    newlines = _newlines(data)
    if len(newlines) <= _MAX_LINES:
        yield data, newlines
        return
    cuts = [0, *(newlines[_MAX_LINES - 1 :: _MAX_LINES] + 1).tolist(), len(data)]
    del newlines
    for start, end in pairwise(cuts):
        part = data[start:end]
        yield part, _newlines(part)


def _newlines(data: bytes) -> Offsets:
    return np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)


def _cut_lines(
    source: ByteSource, data: bytes, newlines: Offsets, position: int, limit: int
) -> tuple[RecordSlices, int]:
    """Cut bytes into lines; also return the position of the next line. A line beyond the limit is never blank."""
    codes, ends = np.frombuffer(data, np.uint8), newlines
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    starts = np.concatenate([np.zeros(min(len(ends), 1), np.int64), ends[:-1] + 1])
    positions = np.arange(position, position + len(ends))
    has_return = (ends > starts) & (codes[np.maximum(ends - 1, 0)] == _CARRIAGE_RETURN)
    ends = ends - has_return
    is_record = ends > starts
    first = codes[np.where(is_record, starts, 0)] if len(data) else codes
    for row in np.flatnonzero(is_record & (first != _OPEN_BRACE) & (ends - starts <= limit)):
        if data.startswith(BYTE_ORDER_MARK, starts[row]):  # of a file or gzip member that was appended
            source.note(MARKS_WITHIN)
            starts[row] += len(BYTE_ORDER_MARK)
        is_record[row] = bool(data[starts[row] : ends[row]].strip())
    slices = RecordSlices(source.file, data, starts[is_record], ends[is_record], positions[is_record])
    return slices, position + len(positions)
