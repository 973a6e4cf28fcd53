"""JSON documents, read as a stream of records: an array, or one API payload.

A file may exceed the memory, so no file is parsed as a whole. `structure.py` finds brackets and commas block by
block; here they cut the document into elements and members.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import RecordSlices, quarantine_invalid_utf8
from cdp_etl.normalize.readers.byte_stream import BYTE_ORDER_MARK, OTHER_BYTE_ORDER_MARKS, ByteSource
from cdp_etl.normalize.readers.json.envelope import (
    ENTRIES,
    Envelope,
    envelope_of,
    parse_envelope,
    unknown_members,
)
from cdp_etl.normalize.readers.json.payload import ENTRIES_MEMBER
from cdp_etl.normalize.readers.json.structure import (
    CLOSE,
    JSON_WHITESPACE,
    OPEN,
    StructureMarks,
    StructureScanner,
    trim,
)
from cdp_etl.normalize.record_batch import Offsets

_BRACKETS: Final = "[]"
_MAX_ELEMENTS: Final = 1 << 20
"""Elements and marks that are cut at the same time: their offsets need memory, however short the elements are."""


def read_json(entity: Entity, source: ByteSource) -> Iterator[RecordSlices]:
    """Yield the elements of a file's array, or of its payload's `entries`, in batches.

    A single object that is no payload is one record. A file of white space alone has no record.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end or is not JSON; the error names the offset.
    """
    start, first = _first_byte(source)
    if first == b"[":
        yield from _read_elements(source, start, None)
    elif first == b"{":
        yield from _read_object(entity, source, start)
    elif first:
        raise DumpUnreadableError(source.file, "not JSON: expected an array or an API payload in UTF-8", start)


def _first_byte(source: ByteSource) -> tuple[int, bytes]:
    """Find the first byte after byte order mark and white space; it is empty if there is none."""
    offset = 0
    for block in source.blocks():
        if offset == 0 and block.startswith(OTHER_BYTE_ORDER_MARKS):
            raise DumpUnreadableError(source.file, "not UTF-8, it begins as UTF-16 or UTF-32 does", 0)
        text = block.removeprefix(BYTE_ORDER_MARK) if offset == 0 else block
        text = text.lstrip(JSON_WHITESPACE)
        offset += len(block)
        if text:
            return offset - len(text), text[:1]
    return offset, b""


def _read_object(entity: Entity, source: ByteSource, start: int) -> Iterator[RecordSlices]:
    """Yield the entries of the payload at `start`, or the object itself if it is no payload.

    The file is read twice, because the members that apply to the entries may follow them.
    """
    members, entries = _read_members(source, start)
    text = b"{" + b",".join(members) + b"}"
    try:
        value = strict_json.parse(text.decode())
    except UnicodeDecodeError as error:
        if entries is None:
            yield _single_record(source, text, start, quarantined={0: errors.NOT_UTF8})
            return
        raise DumpUnreadableError(source.file, "not UTF-8", start + error.start) from None
    except strict_json.MalformedJsonError as error:
        raise DumpUnreadableError(source.file, f"not JSON: {error}", start) from None
    if entries is None:
        yield _single_record(source, text, start, quarantined={})
        return
    if value[ENTRIES] != []:
        raise DumpUnreadableError(source.file, f"`{ENTRIES}` is repeated, and not always an array", start)
    whole = None if parse_envelope(entity, value) else _whole_object(source, start)
    if whole is not None and _is_record(entity, source, whole, start):
        yield _single_record(source, whole, start, quarantined={})
        return
    if (fact := unknown_members(value)) is not None:
        source.note(fact)
    yield from _read_elements(source, entries, envelope_of(value))


def _whole_object(source: ByteSource, start: int) -> bytes | None:
    """Return the object that is the file, or None if it is longer than a record may be."""
    text = b""
    for _, block in _blocks_from(source, start):
        text += block
        if len(text) > source.bounds.record_bytes:
            return None
    return text.rstrip(JSON_WHITESPACE)


def _is_record(entity: Entity, source: ByteSource, text: bytes, start: int) -> bool:
    try:
        return parse_envelope(entity, strict_json.parse(text.decode())) is None
    except (UnicodeDecodeError, strict_json.MalformedJsonError):
        raise DumpUnreadableError(source.file, "not JSON", start) from None


def _single_record(source: ByteSource, text: bytes, start: int, quarantined: dict[int, str]) -> RecordSlices:
    starts, ends, positions = (np.array([value], np.int64) for value in (0, len(text), 1))
    return RecordSlices(source.file, text, starts, ends, positions, quarantined, start, is_one_text=True)


def _read_elements(source: ByteSource, start: int, envelope: Envelope | None) -> Iterator[RecordSlices]:
    """Yield the elements of the array that opens at `start`.

    Elements are cut at commas and at the closing bracket, without parsing them. Validation finds an element that
    is not JSON, and refuses the dump.

    Args:
        source: The file.
        start: Offset of the opening bracket.
        envelope: The envelope of the payload; None if the array is the whole file.

    Raises:
        DumpUnreadableError: If the array is truncated or malformed; the error names the offset.
    """
    limit = source.bounds.record_bytes
    scanner = StructureScanner()
    rest, rest_offset = b"", start
    position = 1
    is_closed = False
    for offset, block in _blocks_from(source, start):
        if is_closed:
            _expect_end(source, block, offset)
            continue
        outer = scanner.feed(block, depth=1)
        data = rest + block
        cuts = outer.offsets
        cuts += start - rest_offset
        closing = np.flatnonzero(outer.kinds == CLOSE)
        if len(closing):
            is_closed = True
            cuts = cuts[: closing[0] + 1]
        begin = cuts if offset == start else np.concatenate([[-1], cuts])
        if is_closed and data[begin[-1] : begin[-1] + 1] != b"]":
            raise DumpUnreadableError(
                source.file, "not JSON: expected the array's ]", rest_offset + int(begin[-1])
            )
        is_empty = is_closed and position == 1 and len(begin) == len(_BRACKETS)
        for slices in _cut_in_parts(source, data, rest_offset, begin, may_be_blank=is_empty):
            yield _with_positions(slices, position, envelope)
            position += len(slices)
        end = int(begin[-1]) + 1
        if is_closed and envelope is not None:
            return  # `_read_members` has checked the rest of the file
        if is_closed:
            _expect_end(source, data[end:], rest_offset + end)
        rest, rest_offset = data[end:], rest_offset + end
        if len(rest) > limit and not is_closed:
            fact = f"an element longer than the limit of {limit} bytes, or a string that is never closed"
            raise DumpUnreadableError(source.file, fact, rest_offset)
    if not is_closed:
        raise DumpUnreadableError(source.file, "not JSON: the array has no end", rest_offset + len(rest))


def _cut_in_parts(
    source: ByteSource, data: bytes, offset: int, cuts: Offsets, *, may_be_blank: bool
) -> Iterator[RecordSlices]:
    """Yield the elements between the cuts, at most `_MAX_ELEMENTS` at a time."""
    for first in range(0, max(len(cuts) - 1, 1), _MAX_ELEMENTS):
        some = cuts[first : first + _MAX_ELEMENTS + 1]
        slices = _cut_elements(source, data, offset, some, may_be_blank=may_be_blank)
        if len(slices):
            yield slices


def _cut_elements(
    source: ByteSource, data: bytes, offset: int, cuts: Offsets, *, may_be_blank: bool
) -> RecordSlices:
    """Return the elements between the cuts."""
    limit = source.bounds.record_bytes
    starts, ends = trim(np.frombuffer(data, np.uint8), cuts[:-1] + 1, cuts[1:])
    if len(starts) != max(len(cuts) - 1, 0) and not may_be_blank:
        pairs = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        blank = next(beyond for before, beyond in pairs if not data[before + 1 : beyond].strip(JSON_WHITESPACE))
        raise DumpUnreadableError(source.file, "not JSON: expected a value", offset + blank)
    too_long = np.flatnonzero(ends - starts > limit)
    if len(too_long):
        fact = f"an element longer than the limit of {limit} bytes"
        raise DumpUnreadableError(source.file, fact, offset + int(starts[too_long[0]]))
    return RecordSlices(source.file, data, starts, ends, starts, offset=offset, is_one_text=True)


def _with_positions(slices: RecordSlices, position: int, envelope: Envelope | None) -> RecordSlices:
    """Return the records with their positions and their envelope."""
    quarantine_invalid_utf8(slices)
    return replace(
        slices,
        positions=np.arange(position, position + len(slices)),
        envelopes=() if envelope is None else (envelope,),
        envelope_index=None if envelope is None else np.zeros(len(slices), np.int32),
    )


def _read_members(source: ByteSource, start: int) -> tuple[list[bytes], int | None]:
    """Return the members of the object that opens at `start`, and the offset of its entries, or None.

    Only the offset of the entries is stored; their member becomes `"entries":[]`.

    Raises:
        DumpUnreadableError: If the object has no end, or is longer without its entries than a record may be.
    """
    reader = _MemberReader(source, start, rest_offset=start)
    scanner = StructureScanner()
    for offset, block in _blocks_from(source, start):
        if reader.is_closed:
            _expect_end(source, block, offset)
            continue
        outer = scanner.feed(block, depth=1)
        reader.add(offset, block, _pairs(outer, start))
        reader.check_size()
    if not reader.is_closed:
        raise DumpUnreadableError(source.file, "not JSON: the object has no end", reader.rest_offset)
    return reader.members, reader.entries


def _pairs(marks: StructureMarks, start: int) -> Iterator[tuple[int, int]]:
    """Yield offset and kind of each mark."""
    for first in range(0, len(marks.offsets), _MAX_ELEMENTS):
        some = slice(first, first + _MAX_ELEMENTS)
        yield from zip((marks.offsets[some] + start).tolist(), marks.kinds[some].tolist(), strict=True)


@dataclass(slots=True)
class _MemberReader:
    """Collects the members of the object at `start` from blocks; of the entries only the offset."""

    source: ByteSource
    start: int
    rest_offset: int
    rest: bytes = b""
    members: list[bytes] = field(default_factory=list)
    entries: int | None = None
    is_in_entries: bool = False
    is_closed: bool = False
    member_bytes: int = 0

    def check_size(self) -> None:
        """Refuse an object that is longer without its entries than a record may be."""
        limit = self.source.bounds.record_bytes
        if self.member_bytes + len(self.rest) > limit:
            fact = f"an object longer than the limit of {limit} bytes"
            raise DumpUnreadableError(self.source.file, fact, self.start)

    def add(self, offset: int, block: bytes, marks: Iterable[tuple[int, int]]) -> None:
        """Add the next block, with offset and kind of the object's own brackets and commas."""
        if self.is_in_entries:
            self.rest, self.rest_offset = b"", offset
        data, base, last = self.rest + block, self.rest_offset, 0
        for mark, kind in marks:
            at = mark - base
            if kind != OPEN:
                self._end_member(data[last:at], base + last)
            last = at + 1
            if kind == CLOSE:
                self.is_closed = True
                if data[at : at + 1] != b"}":
                    raise DumpUnreadableError(self.source.file, "not JSON: expected the object's }", mark)
                _expect_end(self.source, data[last:], base + last)
                return
        self.rest, self.rest_offset = data[last:], base + last
        self._check_for_entries(self.rest, self.rest_offset)
        if self.is_in_entries:
            self.rest = b""

    def _end_member(self, text: bytes, offset: int) -> None:
        self._check_for_entries(text, offset)
        self.members.append(b'"entries":[]' if self.is_in_entries else text)
        self.member_bytes += len(self.members[-1]) + len(b",")
        if self.member_bytes > self.source.bounds.record_bytes:
            self.check_size()
        self.is_in_entries = False

    def _check_for_entries(self, text: bytes, offset: int) -> None:
        opening = None if self.is_in_entries else ENTRIES_MEMBER.match(text)
        if opening is not None:
            self.entries = offset + opening.end() - 1
            self.is_in_entries = True


def _blocks_from(source: ByteSource, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield a file's bytes from an offset on, each block with its own offset."""
    offset = 0
    for block in source.blocks():
        skipped = max(start - offset, 0)
        if skipped < len(block):
            yield offset + skipped, block[skipped:]
        offset += len(block)


def _expect_end(source: ByteSource, rest: bytes, offset: int) -> None:
    """Refuse a file with anything but white space after its JSON value."""
    text = rest.lstrip(JSON_WHITESPACE)
    if text:
        fact = "not JSON: text after the end; expected one array, one payload, or one object a line"
        raise DumpUnreadableError(source.file, fact, offset + len(rest) - len(text))
