"""Structure of JSON text: offsets of the brackets and commas outside strings, found block by block with numpy.

Nothing is validated here: malformed text has marks too, and the text between them is validated later.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize.record_batch import Offsets

OPEN: Final = 1
CLOSE: Final = 2
COMMA: Final = 3

JSON_WHITESPACE: Final = b" \t\n\r"

_PART_BYTES: Final = 2 << 20
"""Bytes that are scanned at a time: a mark needs 40 bytes, and each byte may be one."""
_MAX_TRIM_STEPS: Final = 32
"""White space beyond this length is rare, and trimmed record by record."""

_QUOTE: Final = 4
_BACKSLASH: Final = 5

_KINDS: Final = np.zeros(256, np.uint8)
for _characters, _kind in ((b"[{", OPEN), (b"]}", CLOSE), (b",", COMMA), (b'"', _QUOTE), (b"\\", _BACKSLASH)):
    _KINDS[list(_characters)] = _kind


@dataclass(frozen=True, slots=True)
class StructureMarks:
    """Brackets and commas outside strings, in order.

    Attributes:
        offsets: Offset of each mark from the first byte ever fed.
        kinds: OPEN, CLOSE or COMMA.
        depths: Number of open brackets around each mark; a bracket includes itself.
    """

    offsets: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    depths: npt.NDArray[np.int64]


class StructureScanner:
    """Scanner for JSON text that is fed in blocks, which may end anywhere."""

    def __init__(self) -> None:
        """Start outside any string, at depth 0."""
        self._fed = 0
        self._depth = 0
        self._is_in_string = False
        self._is_escaped = False

    def feed(self, block: bytes, depth: int) -> StructureMarks:
        """Scan the next block and return its marks of one depth."""
        offsets, kinds = [], []
        for start in range(0, len(block), _PART_BYTES):
            marks = self._feed(block[start : start + _PART_BYTES])
            is_wanted = marks.depths == depth
            offsets.append(marks.offsets[is_wanted])
            kinds.append(marks.kinds[is_wanted])
        found = np.concatenate(offsets)
        return StructureMarks(found, np.concatenate(kinds), np.broadcast_to(np.int64(depth), len(found)))

    def _feed(self, block: bytes) -> StructureMarks:
        codes = _KINDS[np.frombuffer(block, np.uint8)]
        offsets = np.flatnonzero(codes)
        kinds = codes[offsets]
        escaped = self._escaped(offsets[kinds == _BACKSLASH], len(block))
        is_mark = kinds != _BACKSLASH
        if len(escaped):
            is_mark &= ~np.isin(offsets, escaped)
        offsets, kinds = offsets[is_mark], kinds[is_mark]
        is_quote = kinds == _QUOTE
        is_inside = ((np.cumsum(is_quote) + self._is_in_string) & 1).astype(bool)
        if len(is_inside):
            self._is_in_string = bool(is_inside[-1])
        outside = ~is_inside & ~is_quote
        offsets, kinds = offsets[outside], kinds[outside]
        steps = (kinds == OPEN).astype(np.int64) - (kinds == CLOSE)
        after = np.cumsum(steps) + self._depth
        if len(after):
            self._depth = int(after[-1])
        marks = StructureMarks(offsets + self._fed, kinds, after + (kinds == CLOSE))
        self._fed += len(block)
        return marks

    def _escaped(self, backslashes: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
        """Return the offsets in the block of bytes that a backslash escapes."""
        first = np.zeros(1, np.intp) if self._is_escaped else np.zeros(0, np.intp)
        self._is_escaped = False
        if len(first):
            backslashes = backslashes[backslashes > 0]
        if len(backslashes):
            is_start = np.diff(backslashes, prepend=-2) != 1
            starts = backslashes[is_start]
            lasts = backslashes[np.append(is_start[1:], True)]
            beyond = lasts[(lasts - starts) % 2 == 0] + 1
            if len(beyond) and beyond[-1] == length:
                self._is_escaped = True
                beyond = beyond[:-1]
            first = np.concatenate([first, beyond])
        return first


def trim(codes: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets]:
    """Trim JSON white space from both ends of slices, and drop slices of white space alone."""
    starts, ends = starts.copy(), ends.copy()
    is_white = np.isin(np.arange(256), list(JSON_WHITESPACE))
    rows = np.arange(len(starts))
    for _ in range(_MAX_TRIM_STEPS):
        rows = rows[(starts[rows] < ends[rows])]
        rows = rows[is_white[codes[starts[rows]]]]
        starts[rows] += 1
    for row in rows:
        starts[row] = ends[row] - len(codes[starts[row] : ends[row]].tobytes().lstrip(JSON_WHITESPACE))
    rows = np.arange(len(starts))
    for _ in range(_MAX_TRIM_STEPS):
        rows = rows[(starts[rows] < ends[rows])]
        rows = rows[is_white[codes[ends[rows] - 1]]]
        ends[rows] -= 1
    for row in rows:
        ends[row] = starts[row] + len(codes[starts[row] : ends[row]].tobytes().rstrip(JSON_WHITESPACE))
    is_not_blank = starts < ends
    return starts[is_not_blank], ends[is_not_blank]
