"""JSON objects and arrays one after another, on any lines: glued together, or indented over several lines.

No line end separates the records, so a malformed one refuses the file: where the next begins is not known.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import RecordSlices, quarantine_invalid_utf8
from cdp_etl.normalize.readers.byte_stream import BYTE_ORDER_MARK, ByteSource
from cdp_etl.normalize.readers.json.structure import CLOSE, JSON_WHITESPACE, OPEN, StructureScanner

_BETWEEN: Final = JSON_WHITESPACE + BYTE_ORDER_MARK


def read_values(source: ByteSource) -> Iterator[RecordSlices]:
    """Yield the values of a file in batches, each with its number as position.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end, if a value is longer than the limit, or if
            anything but white space is between two values.
    """
    scanner = StructureScanner()
    rest, offset, position = b"", 0, 1
    limit = source.bounds.record_bytes
    begun = np.zeros(0, np.int64)
    for block in source.blocks():
        marks = scanner.feed(block, depth=1)
        data = rest + block
        starts = np.concatenate([begun, marks.offsets[marks.kinds == OPEN] - offset])
        ends = marks.offsets[marks.kinds == CLOSE] - offset + 1
        starts, begun = starts[: len(ends)], starts[len(ends) :]
        beyond = int(begun[0]) if len(begun) else len(data)
        befores, afters = [0, *ends.tolist()], [*starts.tolist(), beyond]
        for before, after in zip(befores, afters, strict=True):
            if data[before:after].strip(_BETWEEN):
                raise DumpUnreadableError(source.file, "not JSON: expected an object", offset + before)
        too_long = np.flatnonzero(ends - starts > limit)
        if len(too_long) or len(data) - beyond > limit:
            start = int(starts[too_long[0]]) if len(too_long) else beyond
            raise DumpUnreadableError(
                source.file, f"an object longer than the limit of {limit} bytes", offset + start
            )
        if len(ends):
            positions = np.arange(position, position + len(ends))
            slices = RecordSlices(source.file, data, starts, ends, positions, offset=offset, is_one_text=True)
            quarantine_invalid_utf8(slices)
            yield slices
            position += len(ends)
        rest, offset = data[beyond:], offset + beyond
        begun = begun - beyond
    if rest:
        raise DumpUnreadableError(source.file, "not JSON: the last object has no end", offset)
