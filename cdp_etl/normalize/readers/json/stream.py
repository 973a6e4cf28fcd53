"""The elements of one JSON array, as a stream.

Put here how elements are cut out. What a file is as a whole stands in `json_file.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import Offsets, Texts, refuse_what_is_not_utf8
from cdp_etl.normalize.readers.byte_stream import ByteSource
from cdp_etl.normalize.readers.json.envelope import Envelope
from cdp_etl.normalize.readers.json.structure import CLOSE, WHITE, StructureScan, trim

_BRACKETS: Final = "[]"


def read_elements(source: ByteSource, start: int, envelope: Envelope | None) -> Iterator[Texts]:
    """Give the elements of the array that opens at `start`.

    Only what ends an element is looked at: a comma, or the bracket that closes the array. What lies between is an
    element; the lanes refuse one that is no JSON, and with it the dump.

    Args:
        source: The file.
        start: Where the array opens.
        envelope: What the payload around it says; None where the array is the whole file.

    Raises:
        DumpUnreadableError: where the array is cut short, or is no array; it names the offset.
    """
    limit = source.bounds.record_bytes
    scan = StructureScan()
    held, held_offset = b"", start
    position = 1
    is_closed = False
    for offset, block in bytes_from(source, start):
        if is_closed:
            expect_end(source, block, offset)
            continue
        marks = scan.feed(block)
        around = marks.only(marks.depths == 1)
        data = held + block
        cuts = around.offsets + start - held_offset
        closing = np.flatnonzero(around.kinds == CLOSE)
        if len(closing):
            is_closed = True
            cuts = cuts[: closing[0] + 1]
        begin = cuts if offset == start else np.concatenate([[-1], cuts])
        if is_closed and data[begin[-1] : begin[-1] + 1] != b"]":
            raise DumpUnreadableError(
                source.file, "not JSON: expected the array's ]", held_offset + int(begin[-1])
            )
        is_empty = is_closed and position == 1 and len(begin) == len(_BRACKETS)
        texts = _between(source, data, held_offset, begin, may_be_blank=is_empty)
        if len(texts):
            yield _placed(texts, position, envelope)
            position += len(texts)
        rest = int(begin[-1]) + 1
        if is_closed and envelope is not None:
            return  # what stands behind the entries was read when their payload was
        if is_closed:
            expect_end(source, data[rest:], held_offset + rest)
        held, held_offset = data[rest:], held_offset + rest
        if len(held) > limit and not is_closed:
            fact = f"an element longer than the limit of {limit} bytes, or a string that is never closed"
            raise DumpUnreadableError(source.file, fact, held_offset)
    if not is_closed:
        raise DumpUnreadableError(source.file, "not JSON: the array has no end", held_offset + len(held))


def _between(source: ByteSource, data: bytes, offset: int, cuts: Offsets, *, may_be_blank: bool) -> Texts:
    """Give what stands between the cuts as records."""
    limit = source.bounds.record_bytes
    starts, ends = trim(np.frombuffer(data, np.uint8), cuts[:-1] + 1, cuts[1:])
    if len(starts) != max(len(cuts) - 1, 0) and not may_be_blank:
        pairs = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        blank = next(beyond for before, beyond in pairs if not data[before + 1 : beyond].strip(WHITE))
        raise DumpUnreadableError(source.file, "not JSON: expected a value", offset + blank)
    too_long = np.flatnonzero(ends - starts > limit)
    if len(too_long):
        fact = f"an element longer than the limit of {limit} bytes"
        raise DumpUnreadableError(source.file, fact, offset + int(starts[too_long[0]]))
    return Texts(source.file, data, starts, ends, starts, offset=offset, is_one_text=True)


def _placed(texts: Texts, position: int, envelope: Envelope | None) -> Texts:
    """Give the records their positions, and what their payload says of them."""
    refuse_what_is_not_utf8(texts)
    return replace(
        texts,
        positions=np.arange(position, position + len(texts)),
        envelopes=() if envelope is None else (envelope,),
        envelope=None if envelope is None else np.zeros(len(texts), np.int32),
    )


def bytes_from(source: ByteSource, start: int) -> Iterator[tuple[int, bytes]]:
    """Give a file's bytes from an offset on, each block with its own offset."""
    offset = 0
    for block in source.blocks():
        skipped = max(start - offset, 0)
        if skipped < len(block):
            yield offset + skipped, block[skipped:]
        offset += len(block)


def expect_end(source: ByteSource, rest: bytes, offset: int) -> None:
    """Refuse a file in which anything but white space stands behind its one JSON value."""
    text = rest.lstrip(WHITE)
    if text:
        fact = "not JSON: text after the end; one object a line belongs into a file named .ndjson"
        raise DumpUnreadableError(source.file, fact, offset + len(rest) - len(text))
