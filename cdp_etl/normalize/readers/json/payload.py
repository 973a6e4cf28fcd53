"""API payloads in NDJSON: lines that hold several records each.

Put here how entries are found in one line. What a payload says of them stands in `envelope.py`.
"""

import re
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.contract import strict_json
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.readers.byte_slices import Offsets, Texts
from cdp_etl.normalize.readers.json.envelope import Envelope, envelope_of

ENTRIES_MEMBER: Final = re.compile(rb'[ \t\n\r]*"entries"[ \t\n\r]*:[ \t\n\r]*\[')
"""How the member of a payload begins that holds its entries."""


def open_payload_lines(texts: Texts) -> Texts:
    """Put the entries of every line that is a payload in its place; they bear the line's position."""
    envelopes: list[Envelope] = []
    opened: dict[int, tuple[Offsets, Offsets]] = {}
    for row in _rows_that_name_entries(texts):
        if row in texts.refused:
            continue
        try:
            envelope = envelope_of(strict_json.parse(texts.raw(row).decode()))
        except strict_json.MalformedJsonError:
            continue
        spans = None if envelope is None else _entries(texts, row)
        if envelope is not None and spans is not None:
            opened[row] = (spans[:, 0], spans[:, 1])
            envelopes.append(envelope)
    return _spliced(texts, opened, tuple(envelopes)) if opened else texts


def _rows_that_name_entries(texts: Texts) -> list[int]:
    rows: list[int] = []
    found = texts.buffer.find(b'"entries"')
    while found >= 0:
        row = int(np.searchsorted(texts.starts, found, side="right")) - 1
        if row >= 0 and found < texts.ends[row]:
            rows.append(row)
        beyond = int(texts.ends[row]) if row >= 0 else 0
        found = texts.buffer.find(b'"entries"', max(beyond, found + 1))
    return rows


def _entries(texts: Texts, row: int) -> npt.NDArray[np.int64] | None:
    """Give where the entries of a payload begin and end; None where their key is written with an escape."""
    start, end = int(texts.starts[row]), int(texts.ends[row])
    codes = np.frombuffer(texts.buffer, np.uint8)
    spans = np.empty((end - start, 2), np.int64)
    count = find_entries(codes.ctypes.data, start, end, spans.ctypes.data)
    return None if count < 0 else spans[:count]


def _spliced(texts: Texts, opened: dict[int, tuple[Offsets, Offsets]], envelopes: tuple[Envelope, ...]) -> Texts:
    counts = np.ones(len(texts), np.int64)
    for row, (starts, _) in opened.items():
        counts[row] = len(starts)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    starts, ends = np.repeat(texts.starts, counts), np.repeat(texts.ends, counts)
    envelope = np.full(len(starts), -1, np.int32)
    for number, (row, (inner_starts, inner_ends)) in enumerate(opened.items()):
        place = slice(first[row], first[row + 1])
        starts[place], ends[place], envelope[place] = inner_starts, inner_ends, number
    return replace(
        texts,
        starts=starts,
        ends=ends,
        positions=np.repeat(texts.positions, counts),
        refused={int(first[row]): reason for row, reason in texts.refused.items()},
        envelopes=envelopes,
        envelope=envelope,
    )
