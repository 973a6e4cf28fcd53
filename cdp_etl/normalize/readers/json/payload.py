"""Lines of NDJSON with several records each: API payloads, arrays of objects, objects glued together.

`envelope.py` applies the other members of a payload to its entries.
"""

import json
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
from cdp_etl.normalize.readers.json.structure import CLOSE, OPEN, StructureScanner

ENTRIES_MEMBER: Final = re.compile(rb'[ \t\n\r]*"entries"[ \t\n\r]*:[ \t\n\r]*\[')
"""Start of the member of a payload that contains its entries."""

_OPEN_BRACKET: Final = 0x5B
_OPEN_BRACE: Final = 0x7B
_WHITE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_MIN_MARKED_BYTES: Final = 200
"""A shorter line with a malformed object does not pay the search for brackets."""
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
    arrays = np.flatnonzero(is_array).tolist()
    # Values that are cut from one text are one value each: of glued ones every end would be searched in vain.
    glued = [] if slices.is_one_text else _rows_with(slices, b"}{")
    for rows, is_in_array in ((arrays, True), (glued, False)):
        for row in rows:
            spans = None if row in contents else _objects(slices, row, is_array=is_in_array)
            if spans is None or (len(spans) == 1 and not is_in_array and row not in slices.quarantined):
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


def _objects(slices: RecordSlices, row: int, *, is_array: bool) -> npt.NDArray[np.int64] | None:
    """Return start and end of the objects of a line, or None if the line is anything else."""
    text = slices.raw(row)
    if row in slices.quarantined:
        spans = _marked_objects(text, depth=2 if is_array else 1)
    else:
        spans = _parsed_objects(text, is_array=is_array)
    return None if spans is None else np.array(spans, np.int64).reshape(-1, 2) + int(slices.starts[row])


def _parsed_objects(text: bytes, *, is_array: bool) -> list[tuple[int, int]] | None:
    """Return the spans of objects, which are separated by commas in an array, and by white space otherwise."""
    characters = text.decode("latin-1")  # one character a byte, so that offsets are those of the bytes
    spans: list[tuple[int, int]] = []
    pos = _WHITE.match(characters, 1 if is_array else 0).end()  # type: ignore[union-attr] # matches always
    if is_array and characters[pos:].rstrip() == "]":
        return spans
    while characters[pos : pos + 1] == "{":
        try:
            _, end = _DECODER.raw_decode(characters, pos)
        except (ValueError, RecursionError):
            return _with_malformed(text, spans, pos, is_array=is_array)
        spans.append((pos, end))
        pos = _WHITE.match(characters, end).end()  # type: ignore[union-attr] # as above
        if is_array and characters[pos : pos + 1] == ",":
            pos = _WHITE.match(characters, pos + 1).end()  # type: ignore[union-attr] # as above
        elif is_array:
            return spans if characters[pos:].rstrip() == "]" else None
    return spans if not is_array and pos == len(characters) else None


def _with_malformed(
    text: bytes, spans: list[tuple[int, int]], pos: int, *, is_array: bool
) -> list[tuple[int, int]] | None:
    """Return the spans of a line with a malformed object at `pos`, cut at brackets; None if it is the only one."""
    marked = _marked_objects(text, 2 if is_array else 1) if len(text) > _MIN_MARKED_BYTES else None
    if marked is not None and len(marked) > len(spans):
        return marked if is_array or marked[-1][1] == len(text.rstrip()) else [*marked, (marked[-1][1], len(text))]
    return [*spans, (pos, len(text))] if spans and not is_array else None


def _marked_objects(text: bytes, depth: int) -> list[tuple[int, int]] | None:
    """Return the spans of the complete objects at the start of a line that is cut."""
    marks = StructureScanner().feed(text, depth)
    opens, closes = (marks.offsets[marks.kinds == kind].tolist() for kind in (OPEN, CLOSE))
    spans = [(start, end + 1) for start, end in zip(opens, closes, strict=False)]
    return spans if spans and all(text[start] == _OPEN_BRACE for start, _ in spans) else None


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
