"""NDJSON: a file cut into lines, each a record; blank lines are none.

Put here how lines are found. Lines that hold several records (API payloads) are taken apart in `payload.py`.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from cdp_etl.normalize import errors
from cdp_etl.normalize.readers.byte_slices import Texts, refuse_what_is_not_utf8
from cdp_etl.normalize.readers.byte_stream import ByteSource

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
OTHER_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 and UTF-32 begin."""

_NEWLINE: Final = 0x0A
_CARRIAGE_RETURN: Final = 0x0D
_OBJECT: Final = 0x7B


def read_lines(source: ByteSource) -> Iterator[Texts]:
    """Give the lines of a file in batches.

    A line longer than the limit, however long, is a refused record; of its bytes the first `limit` are kept, so
    that memory stays bounded. A line's position counts blank lines too.

    Raises:
        DumpUnreadableError: where the file cannot be read to its end.
    """
    limit = source.bounds.record_bytes
    position = 1
    is_utf8 = True
    for number, data in enumerate(_whole_lines(source.blocks(), limit)):
        block = data
        if number == 0:
            is_utf8 = not data.startswith(OTHER_BYTE_ORDER_MARKS)
            block = data.removeprefix(BYTE_ORDER_MARK)
        texts, position = _cut(source.file, block, position, limit)
        for row in np.flatnonzero(texts.ends - texts.starts > limit):
            texts.refused[int(row)] = errors.too_long(limit)
            texts.ends[row] = texts.starts[row] + limit
        if is_utf8:
            refuse_what_is_not_utf8(texts)
        else:
            texts.refused.update(dict.fromkeys(range(len(texts)), errors.NOT_UTF8))
        if len(texts):
            yield texts


def _whole_lines(blocks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Give bytes that end where a line does; a line beyond the limit comes alone, cut, but still beyond it."""
    held_at_most = limit + 2  # a carriage return may be the last byte
    held: list[bytes] = []
    size = 0
    is_skipping = False
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if is_skipping:
            first = block.find(b"\n") + 1
            if not first:
                continue
            yield b"".join(held)
            held, size, is_skipping = [], 0, False
            if cut > first:
                yield block[first:cut]
        elif cut:
            yield b"".join([*held, block[:cut]])
            held, size = [], 0
        rest = block[cut:]
        held.append(rest)
        size += len(rest)
        is_skipping = size >= held_at_most
        if is_skipping:
            held = [b"".join(held)[:held_at_most]]
    if size:
        yield b"".join(held)


def _cut(file: str, data: bytes, position: int, limit: int) -> tuple[Texts, int]:
    """Cut bytes into lines; give the position of the line after them too. What is too long is never blank."""
    codes = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    starts = np.concatenate([np.zeros(min(len(ends), 1), np.int64), ends[:-1] + 1])
    positions = np.arange(position, position + len(ends))
    has_return = (ends > starts) & (codes[np.maximum(ends - 1, 0)] == _CARRIAGE_RETURN)
    ends = ends - has_return
    keep = ends > starts
    first = codes[np.where(keep, starts, 0)] if len(data) else codes
    for row in np.flatnonzero(keep & (first != _OBJECT) & (ends - starts <= limit)):
        keep[row] = bool(data[starts[row] : ends[row]].strip())
    return Texts(file, data, starts[keep], ends[keep], positions[keep]), position + len(positions)
