"""JSON files: an array of records, or one API payload, read as a stream of elements.

Put here what a file begins and ends with. How elements are found stands in `json_elements.py`, how a payload's
other members are in `json_object.py`.
"""

from collections.abc import Iterator

import numpy as np

from cdp_etl.contract import strict_json
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import Texts
from cdp_etl.normalize.readers.byte_stream import ByteSource
from cdp_etl.normalize.readers.json.array import read_elements
from cdp_etl.normalize.readers.json.envelope import ENTRIES, envelope_of
from cdp_etl.normalize.readers.json.ndjson import BYTE_ORDER_MARK, OTHER_BYTE_ORDER_MARKS
from cdp_etl.normalize.readers.json.object import read_members
from cdp_etl.normalize.readers.json.structure import WHITE


def read_json(source: ByteSource) -> Iterator[Texts]:
    """Give the elements of the array that a file is, or of its payload's `entries`, in batches.

    A lone object that is no payload is one record. A file of nothing but white space holds no record.

    Raises:
        DumpUnreadableError: where the file cannot be read to its end, or is no JSON; it names the offset.
    """
    start, first = _first_byte(source)
    if first == b"[":
        yield from read_elements(source, start, None)
    elif first == b"{":
        yield from _of_object(source, start)
    elif first:
        raise DumpUnreadableError(source.file, "not JSON: expected an array or an API payload in UTF-8", start)


def _first_byte(source: ByteSource) -> tuple[int, bytes]:
    """Find the first byte that is not white space, after a byte order mark if there is one; none is b""."""
    offset = 0
    for block in source.blocks():
        if offset == 0 and block.startswith(OTHER_BYTE_ORDER_MARKS):
            raise DumpUnreadableError(source.file, "not UTF-8, it begins as UTF-16 or UTF-32 does", 0)
        text = block.removeprefix(BYTE_ORDER_MARK) if offset == 0 else block
        text = text.lstrip(WHITE)
        offset += len(block)
        if text:
            return offset - len(text), text[:1]
    return offset, b""


def _of_object(source: ByteSource, start: int) -> Iterator[Texts]:
    """Give the entries of the payload that opens at `start`, or the object itself where it is none.

    The file is read twice: what a payload says of its entries may stand behind them.
    """
    members, entries = read_members(source, start)
    text = b"{" + b",".join(members) + b"}"
    try:
        value = strict_json.parse(text.decode())
    except UnicodeDecodeError as error:
        if entries is None:
            yield _one(source, text, start, refused={0: errors.NOT_UTF8})
            return
        raise DumpUnreadableError(source.file, "not UTF-8", start + error.start) from None
    except strict_json.MalformedJsonError as error:
        raise DumpUnreadableError(source.file, f"not JSON: {error}", start) from None
    envelope = envelope_of(value)
    if entries is None:
        yield _one(source, text, start, refused={})
    elif envelope is None or value[ENTRIES]:
        raise DumpUnreadableError(source.file, f"`{ENTRIES}` stands there twice, once as no array", start)
    else:
        yield from read_elements(source, entries, envelope)


def _one(source: ByteSource, text: bytes, start: int, refused: dict[int, str]) -> Texts:
    """Give a text that is one record."""
    starts, ends, positions = (np.array([value], np.int64) for value in (0, len(text), 1))
    return Texts(source.file, text, starts, ends, positions, refused, start, is_one_text=True)
