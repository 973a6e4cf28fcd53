"""Where the brackets and commas of JSON text stand, outside its strings, found block by block with numpy.

Put here the scan, and what is cut by it. It judges nothing: text that is no JSON gives positions too, and what
they enclose is validated afterwards.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize.readers.byte_slices import Offsets

OPEN: Final = 1
CLOSE: Final = 2
COMMA: Final = 3

WHITE: Final = b" \t\n\r"
"""White space as JSON has it."""

_QUOTE: Final = 4
_BACKSLASH: Final = 5

_KINDS: Final = np.zeros(256, np.uint8)
for _characters, _kind in ((b"[{", OPEN), (b"]}", CLOSE), (b",", COMMA), (b'"', _QUOTE), (b"\\", _BACKSLASH)):
    _KINDS[list(_characters)] = _kind


@dataclass(frozen=True, slots=True)
class Marks:
    """Brackets and commas outside strings, in order.

    Attributes:
        offsets: Where each stands, counted from the first byte ever fed.
        kinds: OPEN, CLOSE or COMMA.
        depths: How many brackets are open around it; an opening or closing one counts itself.
    """

    offsets: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    depths: npt.NDArray[np.int64]

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Marks":
        """Give some of the marks."""
        return Marks(self.offsets[chosen], self.kinds[chosen], self.depths[chosen])


class StructureScan:
    """Scans JSON text that is fed in pieces, cut anywhere."""

    def __init__(self) -> None:
        """Begin outside any string, at depth 0."""
        self._fed = 0
        self._depth = 0
        self._is_in_string = False
        self._is_escaped = False

    def feed(self, block: bytes) -> Marks:
        """Take in the next bytes and give the marks in them."""
        codes = _KINDS[np.frombuffer(block, np.uint8)]
        places = np.flatnonzero(codes)
        kinds = codes[places]
        escaped = self._escaped(places[kinds == _BACKSLASH], len(block))
        kept = kinds != _BACKSLASH
        if len(escaped):
            kept &= ~np.isin(places, escaped)
        places, kinds = places[kept], kinds[kept]
        is_quote = kinds == _QUOTE
        is_inside = ((np.cumsum(is_quote) + self._is_in_string) & 1).astype(bool)
        if len(is_inside):
            self._is_in_string = bool(is_inside[-1])
        outside = ~is_inside & ~is_quote
        places, kinds = places[outside], kinds[outside]
        steps = (kinds == OPEN).astype(np.int64) - (kinds == CLOSE)
        after = np.cumsum(steps) + self._depth
        if len(after):
            self._depth = int(after[-1])
        marks = Marks(places + self._fed, kinds, after + (kinds == CLOSE))
        self._fed += len(block)
        return marks

    def _escaped(self, backslashes: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
        """Give the places in the block whose byte a backslash takes the meaning from."""
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
    """Take JSON's white space from both ends of slices; slices of nothing else are left out."""
    starts, ends = starts.copy(), ends.copy()
    is_white = np.isin(np.arange(256), list(WHITE))
    rows = np.arange(len(starts))
    while len(rows := rows[(starts[rows] < ends[rows])]):
        rows = rows[is_white[codes[starts[rows]]]]
        starts[rows] += 1
    rows = np.arange(len(starts))
    while len(rows := rows[(starts[rows] < ends[rows])]):
        rows = rows[is_white[codes[ends[rows] - 1]]]
        ends[rows] -= 1
    kept = starts < ends
    return starts[kept], ends[kept]
