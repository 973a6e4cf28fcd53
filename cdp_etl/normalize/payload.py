"""API payloads in NDJSON: lines that hold several records each.

Put here how entries are found in one line. What a payload says of them stands in `envelope.py`.
"""

import re
from dataclasses import replace
from typing import Final

import numpy as np

from cdp_etl.contract import strict_json
from cdp_etl.normalize.envelope import Envelope, envelope_of
from cdp_etl.normalize.json_structure import CLOSE, OPEN, StructureScan, trim
from cdp_etl.normalize.texts import Offsets, Texts

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
        if envelope is not None:
            starts, ends = _entries(texts.raw(row))
            opened[row] = (starts + texts.starts[row], ends + texts.starts[row])
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


def _entries(line: bytes) -> tuple[Offsets, Offsets]:
    """Give where the entries of a payload begin and end; the line is known to be one."""
    marks = StructureScan().feed(line)
    around = marks.only(marks.depths == 1).offsets
    opening = [int(at) for at in around[:-1] if ENTRIES_MEMBER.match(line, at + 1)][-1]
    inner = marks.only((marks.depths == 2) & (marks.offsets > opening))  # noqa: PLR2004 - within the array
    last = int(np.flatnonzero(inner.kinds == CLOSE)[0])
    is_cut = inner.kinds[: last + 1] != OPEN
    is_cut[0] = True
    cuts = inner.offsets[: last + 1][is_cut]
    return trim(np.frombuffer(line, np.uint8), cuts[:-1] + 1, cuts[1:])


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
