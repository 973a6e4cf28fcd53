"""The members of the one JSON object that a file is, without the entries of a payload.

Put here how members are cut out, so that what a payload says of its entries is known before they are read.
"""

from dataclasses import dataclass, field

from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_stream import ByteSource
from cdp_etl.normalize.readers.json.array import bytes_from, expect_end
from cdp_etl.normalize.readers.json.payload import ENTRIES_MEMBER
from cdp_etl.normalize.readers.json.structure import CLOSE, OPEN, StructureScan


def read_members(source: ByteSource, start: int) -> tuple[list[bytes], int | None]:
    """Give the members of the object that opens at `start`, and where its entries open, None where it has none.

    The entries themselves are left out: the member is `"entries":[]`.

    Raises:
        DumpUnreadableError: where the object has no end, or is longer without its entries than a record may be.
    """
    reader = _MemberReader(source, held_offset=start)
    scan = StructureScan()
    for offset, block in bytes_from(source, start):
        if reader.is_closed:
            expect_end(source, block, offset)
            continue
        marks = scan.feed(block)
        around = marks.only(marks.depths == 1)
        pairs = zip((around.offsets + start).tolist(), around.kinds.tolist(), strict=True)
        reader.take(offset, block, list(pairs))
        limit = source.bounds.record_bytes
        if reader.held_bytes > limit:
            raise DumpUnreadableError(source.file, f"an object longer than the limit of {limit} bytes", start)
    if not reader.is_closed:
        raise DumpUnreadableError(source.file, "not JSON: the object has no end", reader.held_offset)
    return reader.members, reader.entries


@dataclass(slots=True)
class _MemberReader:
    """Gathers members from blocks; of entries only where they open."""

    source: ByteSource
    held_offset: int
    held: bytes = b""
    members: list[bytes] = field(default_factory=list)
    entries: int | None = None
    is_in_entries: bool = False
    is_closed: bool = False

    @property
    def held_bytes(self) -> int:
        """How much is in memory."""
        return sum(map(len, self.members)) + len(self.held)

    def take(self, offset: int, block: bytes, marks: list[tuple[int, int]]) -> None:
        """Take in the next block, given where the object's own brackets and commas stand."""
        if self.is_in_entries:
            self.held, self.held_offset = b"", offset
        data, base, last = self.held + block, self.held_offset, 0
        for place, kind in marks:
            at = place - base
            if kind != OPEN:
                self._end_member(data[last:at], base + last)
            last = at + 1
            if kind == CLOSE:
                self.is_closed = True
                if data[at : at + 1] != b"}":
                    raise DumpUnreadableError(self.source.file, "not JSON: expected the object's }", place)
                expect_end(self.source, data[last:], base + last)
                return
        self.held, self.held_offset = data[last:], base + last
        self._look_for_entries(self.held, self.held_offset)
        if self.is_in_entries:
            self.held = b""

    def _end_member(self, text: bytes, offset: int) -> None:
        self._look_for_entries(text, offset)
        self.members.append(b'"entries":[]' if self.is_in_entries else text)
        self.is_in_entries = False

    def _look_for_entries(self, text: bytes, offset: int) -> None:
        opening = None if self.is_in_entries else ENTRIES_MEMBER.match(text)
        if opening is not None:
            self.entries = offset + opening.end() - 1
            self.is_in_entries = True
