"""Bounds of a Parquet file, checked by metadata and page headers before a page is decompressed.

A few kilobytes of Parquet can expand without limit: by pages of one repeated byte, by rows that repeat one long
value of a dictionary, and by rows of nulls, which have no bytes at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.column_mapping import require_columns
from cdp_etl.normalize.readers.parquet.page_headers import Page, pages
from cdp_etl.normalize.readers.parquet.values import ArrowColumn

_OPEN_PAGES_RECORDS: Final = 24
_OPEN_PAGES_BYTES: Final = 384 << 20
"""House rule: size of the pages that are decompressed at the same time, one a column; or of 24 longest records."""

_MAX_REPEATED_VALUES: Final = 1 << 25
"""House rule: values of a list column in a row group. One row may have all of them."""

_MIN_ROW_BYTES: Final = 64
"""House rule: a row counts as this many decoded bytes at least; a JSON record is no shorter."""

_CELL_BYTES: Final = 16
_BATCH_BYTES: Final = 128 << 20
"""House rule: size of a decoded batch, by the longest values that its rows may have."""

_MIN_ROWS: Final = 1_000
_MAX_ROWS: Final = 50_000
"""About as many as a batch of JSON: the size of a dictionary column says little about its decoded size."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Way to read a file within its bounds.

    Attributes:
        rows: Number of rows to decode at a time.
        dictionaries: Paths of the columns to read as dictionaries, because decoded they could fill the memory.
    """

    rows: int
    dictionaries: Sequence[str]


@dataclass(slots=True)
class DecodedBytes:
    """Count of the decoded bytes of a file, against its limit.

    Attributes:
        file: Path within the dump.
        file_bytes: Size of the file.
        bounds: The limits.
    """

    file: str
    file_bytes: int
    bounds: ReadBounds
    _decoded: int = 0

    def add(self, rows: int, size: int) -> None:
        """Count rows, or refuse the dump.

        Raises:
            DumpUnreadableError: If the file expands to more than the limit.
        """
        self._decoded += max(size, rows * _MIN_ROW_BYTES)
        fault = self.bounds.expansion.fault(self._decoded, self.file_bytes)
        if fault is not None:
            raise DumpUnreadableError(self.file, fault)


def plan_reading(file: str, path: Path, metadata: pq.FileMetaData, bounds: ReadBounds) -> ReadPlan:
    """Check a file against its bounds, and return how to read it.

    Raises:
        DumpUnreadableError: If the file has too many columns, or expands to more than the limits.
        MalformedHeaderError: If a page header is malformed.
    """
    require_columns(file, metadata.num_columns, bounds.columns)
    open_bytes = max(_OPEN_PAGES_BYTES, _OPEN_PAGES_RECORDS * bounds.record_bytes)
    decoded_bytes = DecodedBytes(file, path.stat().st_size, bounds)
    decoded, rows = 0, _MAX_ROWS
    long_columns: set[int] = set()
    for number in range(metadata.num_row_groups):
        group = _RowGroup(path, metadata, number)
        group.check(file, open_bytes)
        decoded_bytes.add(group.rows, group.decoded)
        decoded += group.decoded
        rows = group.rows_within(rows, open_bytes)
        long_columns |= group.long_columns(file, rows)
    per_row = max(decoded // max(metadata.num_rows, 1), 1)
    rows = min(rows, max(bounds.batch_bytes // per_row, _MIN_ROWS))
    rows = max(min(rows, _BATCH_BYTES // (_CELL_BYTES * max(metadata.num_columns, 1))), 1)
    return ReadPlan(rows, [metadata.schema.column(column).path for column in sorted(long_columns)])


class _RowGroup:
    """The pages of a row group."""

    def __init__(self, path: Path, metadata: pq.FileMetaData, number: int) -> None:
        group = metadata.row_group(number)
        self._path, self._metadata, self._number = path, metadata, number
        self.rows = group.num_rows
        with path.open("rb") as stream:
            self._pages: list[list[Page]] = [
                list(pages(stream, group.column(column))) for column in range(metadata.num_columns)
            ]
        self.decoded = sum(page.decoded_bytes for column in self._pages for page in column)

    def check(self, file: str, budget: int) -> None:
        """Refuse a row group whose decompressed pages do not fit into the memory."""
        open_bytes = sum(
            max((page.decoded_bytes for page in column if page.is_dictionary is kind), default=0)
            for column in self._pages
            for kind in (True, False)
        )
        if open_bytes > budget:
            raise DumpUnreadableError(
                file,
                f"the pages of row group {self._number} need {open_bytes} bytes at the same time; expected at "
                f"most {budget}",
            )
        for column in range(len(self._pages)):
            if self._is_repeated(column) and self._values(column) > _MAX_REPEATED_VALUES:
                raise DumpUnreadableError(
                    file,
                    f"a list column of row group {self._number} has {self._values(column)} values; expected at "
                    f"most {_MAX_REPEATED_VALUES}",
                )

    def rows_within(self, rows: int, budget: int) -> int:
        """Return at most `rows`, so that the pages with any so many consecutive rows fit into the budget."""
        while rows > 1 and self.decoded > budget and sum(_most_bytes(one, rows) for one in self._pages) > budget:
            rows //= 2
        return rows

    def long_columns(self, file: str, rows: int) -> set[int]:
        """Return the columns to read as dictionaries, so that the others fit into a batch in any case.

        The values of a nested column cannot be split by rows: if they do not fit, the file is refused.
        """
        at_once = {
            column: self._values(column) if self._is_repeated(column) else min(rows, self.rows)
            for column, its_pages in enumerate(self._pages)
            if any(page.is_dictionary for page in its_pages)
        }
        sizes = {
            column: count * max(page.decoded_bytes for page in self._pages[column] if page.is_dictionary)
            for column, count in at_once.items()
        }
        if sum(sizes.values()) <= _BATCH_BYTES:
            return set()
        sizes = {column: count * self._longest_value(column) for column, count in at_once.items()}
        long_columns: set[int] = set()
        rest = _BATCH_BYTES
        for column in sorted(sizes, key=sizes.__getitem__):
            rest -= sizes[column]
            if rest >= 0:
                continue
            schema = self._metadata.schema.column(column)
            if schema.physical_type == "BYTE_ARRAY" and schema.path == schema.name:
                long_columns.add(column)
            elif (needed := self._decoded_bytes(column)) > _BATCH_BYTES:
                fact = f"the values of column {column + 1} in row group {self._number} need {needed} bytes"
                raise DumpUnreadableError(file, f"{fact}; expected at most {_BATCH_BYTES}")
        return long_columns

    def _longest_value(self, column: int) -> int:
        """Return the length of the longest value in the dictionary of a column."""
        schema = self._metadata.schema.column(column)
        if schema.physical_type != "BYTE_ARRAY":
            return max(schema.length or 0, _CELL_BYTES)
        with self._open(schema.path) as source:
            batches = source.iter_batches(1, row_groups=[self._number], columns=[schema.path], use_threads=False)
            return max(
                (int(value_lengths(batch.column(0)).max(initial=0)) for batch in islice(batches, 1)), default=0
            )

    def _decoded_bytes(self, column: int) -> int:
        """Return the size of all values of a column of bytes, by the dictionary, without decoding a value."""
        schema = self._metadata.schema.column(column)
        if schema.physical_type != "BYTE_ARRAY":
            return self._values(column) * max(schema.length or 0, _CELL_BYTES)
        with self._open(schema.path) as source:
            batches = source.iter_batches(
                _MIN_ROWS, row_groups=[self._number], columns=[schema.path], use_threads=False
            )
            return sum(int(decoded_lengths(batch.column(0)).sum()) for batch in batches)

    def _open(self, dictionary: str) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._path,
            metadata=self._metadata,
            read_dictionary=[dictionary],
            pre_buffer=False,
            buffer_size=1 << 20,
        )

    def _is_repeated(self, column: int) -> bool:
        return self._metadata.schema.column(column).max_repetition_level > 0

    def _values(self, column: int) -> int:
        return sum(page.values for page in self._pages[column] if not page.is_dictionary)


def value_lengths(column: ArrowColumn) -> npt.NDArray[np.int64]:
    """Return the length of each value in the dictionary of a column that was read as one, nested or not."""
    return _int64(pc.fill_null(pc.binary_length(_leaf(column).dictionary), 0))


def decoded_lengths(column: ArrowColumn) -> npt.NDArray[np.int64]:
    """Return the decoded length of each value of a column that was read as a dictionary; null has none."""
    leaf = _leaf(column)
    lengths = np.append(value_lengths(leaf), 0)
    return lengths[_int64(pc.fill_null(leaf.indices, len(lengths) - 1))]


def _int64(numbers: Any) -> npt.NDArray[np.int64]:
    return np.asarray(numbers.to_numpy(), np.int64)


def _leaf(column: Any) -> Any:
    """Return the only leaf of a nested column.

    Raises:
        pyarrow.ArrowInvalid: If the column was not read as a dictionary.
    """
    while not isinstance(column, pa.DictionaryArray):
        if pa.types.is_struct(column.type):
            column = column.flatten()[0]
        elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_map(column.type):
            column = column.flatten()
        else:
            raise pa.ArrowInvalid(f"a column of type {column.type} that was not read as a dictionary")
    return column


def _most_bytes(column: Sequence[Page], rows: int) -> int:
    """Return the size of the data pages with any rows that many, one after another; a value counts as a row."""
    data = [page for page in column if not page.is_dictionary]
    ends = np.cumsum([page.values for page in data])
    sizes = np.cumsum([0, *(page.decoded_bytes for page in data)])
    beyond = np.minimum(np.searchsorted(ends, ends + rows - 2, side="right") + 1, len(data))
    return int((sizes[beyond] - sizes[:-1]).max(initial=0))
