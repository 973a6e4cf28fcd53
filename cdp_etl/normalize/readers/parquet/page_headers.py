"""Headers of the pages of a Parquet file: their sizes, read without decompressing a page.

pyarrow has the sizes that the footer declares for whole column chunks. It decompresses what the page headers
declare, so these are read here. They are Thrift structs in the compact protocol (`parquet.thrift`, PageHeader).
"""

from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple

import pyarrow.parquet as pq

_HEADER_BYTES: Final = 1 << 12
_MAX_HEADER_BYTES: Final = 16 << 20
"""Arrow's own limit: a header may contain statistics with long values."""

_STOP: Final = 0
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS: Final = frozenset({4, 5, 6})
_MAX_NESTING: Final = 8
_LONG: Final = 0xF
"""Instead of the length of a list: it follows."""
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_VALUES_STRUCT: Final = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}
"""Id of the struct that has the number of values, by the type of the page."""


class Page(NamedTuple):
    """A page of a column chunk.

    Attributes:
        is_dictionary: Whether it is the dictionary of the chunk.
        decoded_bytes: Size of the decompressed page.
        values: Number of values.
    """

    is_dictionary: bool
    decoded_bytes: int
    values: int


class MalformedHeaderError(ValueError):
    """A page header is not what the format requires."""


def pages(file: IO[bytes], chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column chunk in their order, as many as Arrow reads: until all values are found.

    Raises:
        MalformedHeaderError: If a header is malformed, or a page ends beyond the chunk.
    """
    start = chunk.data_page_offset
    if chunk.dictionary_page_offset is not None and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    at, end, found = start, start + chunk.total_compressed_size, 0
    while at < end and found < chunk.num_values:
        fields, length = _read_header(file, at)
        kind, decoded, stored = (_integer(fields, number) for number in (1, 2, 3))
        values = _integer(fields.get(_VALUES_STRUCT.get(kind, 0), {1: 0}), 1)
        if min(decoded, stored, values) < 0 or at + length + stored > end:
            raise MalformedHeaderError
        yield Page(kind == _DICTIONARY, decoded, values)
        found += values if kind in {_DATA, _DATA_V2} else 0
        at += length + stored


def _read_header(file: IO[bytes], offset: int) -> tuple[dict[int, Any], int]:
    """Return the fields of the header at an offset, and its length."""
    for size in (_HEADER_BYTES, _MAX_HEADER_BYTES):
        file.seek(offset)
        reader = _Thrift(file.read(size))
        try:
            return reader.struct(), reader.at
        except IndexError:
            continue
    raise MalformedHeaderError


def _integer(fields: Any, number: int) -> int:
    value = fields.get(number) if isinstance(fields, dict) else None
    if not isinstance(value, int):
        raise MalformedHeaderError
    return value


class _Thrift:
    """Reader of Thrift's compact protocol; it keeps integers and structs, and skips all other values."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, nesting: int = 0) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            delta, kind = head >> 4, head & 0xF
            number = number + delta if delta else self._signed()
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, nesting)
        return fields

    def _value(self, kind: int, nesting: int) -> Any:
        if nesting > _MAX_NESTING:
            raise MalformedHeaderError
        if kind in _INTEGERS:
            return self._signed()
        if kind == _STRUCT:
            return self.struct(nesting + 1)
        if kind in {_LIST, _SET}:
            head = self._byte()
            count = head >> 4 if head >> 4 != _LONG else self._varint()
            self._skip_values(count, [head & 0xF], nesting)
        elif kind == _MAP:
            if count := self._varint():
                kinds = self._byte()
                self._skip_values(count, [kinds >> 4, kinds & 0xF], nesting)
        else:
            self._skip({_BYTE: 1, _DOUBLE: 8}.get(kind) or self._binary_length(kind))
        return None

    def _skip_values(self, count: int, kinds: list[int], nesting: int) -> None:
        for _ in range(count):
            for kind in kinds:
                if kind in {_TRUE, _FALSE}:
                    self._byte()
                else:
                    self._value(kind, nesting + 1)

    def _binary_length(self, kind: int) -> int:
        if kind != _BINARY:
            raise MalformedHeaderError
        return self._varint()

    def _skip(self, length: int) -> None:
        self.at += length
        if self.at > len(self._data):
            raise IndexError

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:  # noqa: PLR2004 - bits of the longest integer
                raise MalformedHeaderError
        return value | byte << shift

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
