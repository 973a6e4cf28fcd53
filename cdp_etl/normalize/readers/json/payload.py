"""Lines of NDJSON with several records each: API payloads, arrays of objects, objects glued together.

`envelope.py` applies the other members of a payload to its entries.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.jit.raw_memory import address_of
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.byte_stream import ByteSource
from cdp_etl.normalize.readers.json.envelope import Envelope, parse_envelope, unknown_members
from cdp_etl.normalize.readers.json.structure import CLOSE, JSON_WHITESPACE, OPEN, StructureScanner

ENTRIES_MEMBER: Final = re.compile(rb'[ \t\n\r]*"entries"[ \t\n\r]*:[ \t\n\r]*\[')
"""Start of the member of a payload that contains its entries."""

_OPEN_BRACKET: Final = 0x5B
_NO_ENVELOPE: Final = -1


@dataclass(frozen=True, slots=True)
class _Content:
    """Records of a line: start and end of each, and the number of their envelope."""

    spans: npt.NDArray[np.int64]
    envelope: int


def expand_lines(entity: Entity, source: ByteSource, slices: RecordSlices) -> RecordSlices:
    """Replace every line that is a payload, an array of objects or several objects by what it contains.

    The records have the position of the line.

    Raises:
        DumpUnreadableError: If a line that is too long holds several objects: they would count as one record.
    """
    envelopes: list[Envelope] = []
    contents: dict[int, _Content] = {}
    for row in _rows_with(slices, b'"entries"'):
        if row not in slices.quarantined and (payload := _payload(entity, source, slices, row)) is not None:
            contents[row] = _Content(payload[1], len(envelopes))
            envelopes.append(payload[0])
    codes = np.frombuffer(slices.buffer, np.uint8)
    is_array = codes[slices.starts] == _OPEN_BRACKET
    for rows, depth in ((np.flatnonzero(is_array).tolist(), 2), (_rows_with(slices, b"}{"), 1)):
        for row in rows:
            spans = None if row in contents else _objects(slices, row, depth)
            if spans is None or (depth == 1 and len(spans) == 1):
                continue
            if row in slices.quarantined:
                if slices.quarantined[row] == errors.NOT_UTF8:
                    continue
                fact = f"line {slices.positions[row]} holds several objects and is longer than the limit"
                raise DumpUnreadableError(slices.file, fact)
            source.note("lines that hold several objects, each of which is a record")
            contents[row] = _Content(spans, _NO_ENVELOPE)
    return _insert_contents(slices, contents, tuple(envelopes)) if contents else slices


def _payload(
    entity: Entity, source: ByteSource, slices: RecordSlices, row: int
) -> tuple[Envelope, npt.NDArray[np.int64]] | None:
    try:
        value = strict_json.parse(slices.raw(row).decode())
    except strict_json.MalformedJsonError:
        return None
    envelope = parse_envelope(entity, value)
    spans = None if envelope is None else _entries(slices, row)
    if envelope is None or spans is None:
        return None
    if (fact := unknown_members(value)) is not None:
        source.note(fact)
    return envelope, spans


def _objects(slices: RecordSlices, row: int, depth: int) -> npt.NDArray[np.int64] | None:
    """Return start and end of the objects of a line at a depth, or None if the line holds anything else there."""
    text = slices.raw(row)
    marks = StructureScanner().feed(text, depth)
    opens, closes = (marks.offsets[marks.kinds == kind] for kind in (OPEN, CLOSE))
    is_cut = row in slices.quarantined
    starts, ends = opens[: len(closes)], closes + 1
    if depth > 1 and text.translate(None, JSON_WHITESPACE) == b"[]":
        return np.zeros((0, 2), np.int64)
    if not len(ends) or (len(opens) != len(closes) and not is_cut):
        return None
    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    if any(text[start : start + 1] + text[end - 1 : end] != b"{}" for start, end in pairs):
        return None
    if not is_cut:
        outside = b"".join(
            text[end:start] for end, start in zip([0, *ends.tolist()], [*starts.tolist(), len(text)], strict=True)
        )
        between = b"[" + b"," * (len(ends) - 1) + b"]" if depth > 1 else b""
        if outside.translate(None, JSON_WHITESPACE) != between:
            return None
    return np.column_stack([starts, ends]) + int(slices.starts[row])


def _rows_with(slices: RecordSlices, text: bytes) -> list[int]:
    rows: list[int] = []
    found = slices.buffer.find(text)
    while found >= 0:
        row = int(np.searchsorted(slices.starts, found, side="right")) - 1
        if row >= 0 and found < slices.ends[row]:
            rows.append(row)
        beyond = int(slices.ends[row]) if row >= 0 else 0
        found = slices.buffer.find(text, max(beyond, found + 1))
    return rows


def _entries(slices: RecordSlices, row: int) -> npt.NDArray[np.int64] | None:
    """Return start and end of each entry of a payload, or None if the key `entries` is written with an escape."""
    start, end = int(slices.starts[row]), int(slices.ends[row])
    data = np.frombuffer(slices.buffer, np.uint8)
    spans = np.empty((end - start, 2), np.int64)
    count = find_entries(address_of(data), start, end, address_of(spans))
    return None if count < 0 else spans[:count]


def _insert_contents(
    slices: RecordSlices, contents: dict[int, _Content], envelopes: tuple[Envelope, ...]
) -> RecordSlices:
    counts = np.ones(len(slices), np.int64)
    for row, content in contents.items():
        counts[row] = len(content.spans)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    starts, ends = np.repeat(slices.starts, counts), np.repeat(slices.ends, counts)
    envelope_index = np.full(len(starts), _NO_ENVELOPE, np.int32)
    for row, content in contents.items():
        records = slice(first[row], first[row + 1])
        starts[records], ends[records] = content.spans[:, 0], content.spans[:, 1]
        envelope_index[records] = content.envelope
    return replace(
        slices,
        starts=starts,
        ends=ends,
        positions=np.repeat(slices.positions, counts),
        quarantined={int(first[row]): reason for row, reason in slices.quarantined.items()},
        envelopes=envelopes,
        envelope_index=envelope_index if envelopes else None,
    )
