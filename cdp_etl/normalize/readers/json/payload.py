"""API payloads in NDJSON: lines with several records each.

`envelope.py` applies the other members of a payload to its entries.
"""

import re
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.contract import strict_json
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.jit.raw_memory import address_of
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.json.envelope import Envelope, parse_envelope
from cdp_etl.normalize.record_batch import Offsets

ENTRIES_MEMBER: Final = re.compile(rb'[ \t\n\r]*"entries"[ \t\n\r]*:[ \t\n\r]*\[')
"""Start of the member of a payload that contains its entries."""


def expand_payload_lines(slices: RecordSlices) -> RecordSlices:
    """Replace every line that is a payload by its entries; they have the position of the line."""
    envelopes: list[Envelope] = []
    payloads: dict[int, tuple[Offsets, Offsets]] = {}
    for row in _rows_that_name_entries(slices):
        if row in slices.quarantined:
            continue
        try:
            envelope = parse_envelope(strict_json.parse(slices.raw(row).decode()))
        except strict_json.MalformedJsonError:
            continue
        spans = None if envelope is None else _entries(slices, row)
        if envelope is not None and spans is not None:
            payloads[row] = (spans[:, 0], spans[:, 1])
            envelopes.append(envelope)
    return _insert_entries(slices, payloads, tuple(envelopes)) if payloads else slices


def _rows_that_name_entries(slices: RecordSlices) -> list[int]:
    rows: list[int] = []
    found = slices.buffer.find(b'"entries"')
    while found >= 0:
        row = int(np.searchsorted(slices.starts, found, side="right")) - 1
        if row >= 0 and found < slices.ends[row]:
            rows.append(row)
        beyond = int(slices.ends[row]) if row >= 0 else 0
        found = slices.buffer.find(b'"entries"', max(beyond, found + 1))
    return rows


def _entries(slices: RecordSlices, row: int) -> npt.NDArray[np.int64] | None:
    """Return start and end of each entry of a payload, or None if the key `entries` is written with an escape."""
    start, end = int(slices.starts[row]), int(slices.ends[row])
    data = np.frombuffer(slices.buffer, np.uint8)
    spans = np.empty((end - start, 2), np.int64)
    count = find_entries(address_of(data), start, end, address_of(spans))
    return None if count < 0 else spans[:count]


def _insert_entries(
    slices: RecordSlices, payloads: dict[int, tuple[Offsets, Offsets]], envelopes: tuple[Envelope, ...]
) -> RecordSlices:
    counts = np.ones(len(slices), np.int64)
    for row, (starts, _) in payloads.items():
        counts[row] = len(starts)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    starts, ends = np.repeat(slices.starts, counts), np.repeat(slices.ends, counts)
    envelope_index = np.full(len(starts), -1, np.int32)
    for number, (row, (inner_starts, inner_ends)) in enumerate(payloads.items()):
        entries = slice(first[row], first[row + 1])
        starts[entries], ends[entries], envelope_index[entries] = inner_starts, inner_ends, number
    return replace(
        slices,
        starts=starts,
        ends=ends,
        positions=np.repeat(slices.positions, counts),
        quarantined={int(first[row]): reason for row, reason in slices.quarantined.items()},
        envelopes=envelopes,
        envelope_index=envelope_index,
    )
