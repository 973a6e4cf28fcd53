"""Records delivered as CSV: a header line, then a record a row.

Put here how headers and rows of a file become records. How CSV text is cut stands in `csv_text.py`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.csv

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import trimmed
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.exact_path import Refused
from cdp_etl.normalize.readers.byte_slices import Offsets, Texts, refuse_what_is_not_utf8
from cdp_etl.normalize.readers.byte_stream import ByteSource
from cdp_etl.normalize.readers.column_mapping import Header, Kind, read_custom_text, read_headers
from cdp_etl.normalize.readers.csv.text import RowBounds, cells_of, find_rows
from cdp_etl.normalize.readers.json.ndjson import BYTE_ORDER_MARK, OTHER_BYTE_ORDER_MARKS
from cdp_etl.normalize.readers.table_columns import table_columns, with_written_objects, with_written_texts
from cdp_etl.normalize.record_batch import ROW, Columns, empty_columns

_LONGEST_TERMINATOR: Final = 2
"""Bytes between two rows that follow one another; more, and something that is not read stands between."""

_DENSER_THAN_JSON: Final = 2
"""A row does not repeat its keys."""


@dataclass(frozen=True, slots=True)
class CsvRows:
    """A batch of CSV rows, each to be judged as a record of an entity.

    Attributes:
        entity: The entity that the dump is of.
        headers: What each cell stands for.
        texts: The rows.
        cells: How many cells each has.
        is_plain: Whether any strict reader of CSV reads the row as we do.
    """

    entity: Entity
    headers: list[Header]
    texts: Texts
    cells: Offsets
    is_plain: npt.NDArray[np.bool_]

    @property
    def file(self) -> str:
        """Path within the dump."""
        return self.texts.file

    @property
    def positions(self) -> Offsets:
        """Number of each row, from 1; the header is none."""
        return self.texts.positions

    def raw(self, row: int) -> bytes:
        """Give a row's bytes as delivered."""
        return self.texts.raw(row)

    def pieces(self, at_most: int) -> Iterator["CsvRows"]:
        """Give the rows in pieces of at most so many."""
        for place, texts in self.texts.pieces(at_most):
            yield replace(self, texts=texts, cells=self.cells[place], is_plain=self.is_plain[place])

    def record(self, row: int) -> dict[str, Any] | Refused:
        """Give the cells that are not blank by the key they stand for."""
        if row in self.texts.refused:
            return Refused([self.texts.refused[row]])
        if self.cells[row] != len(self.headers):
            return Refused([errors.ragged(int(self.cells[row]), len(self.headers))])
        cells = cells_of(self.raw(row))
        if cells is None:
            return Refused([errors.AFTER_CLOSING_QUOTE])
        record: dict[str, Any] = {}
        for header, cell in zip(self.headers, cells, strict=True):
            text = cell.decode()
            if trimmed(text):
                record[header.name] = read_custom_text(text) if header.kind is Kind.CUSTOM else text
        return record

    def columns(self) -> Columns:
        """Give the rows with as many cells as the header as columns of text."""
        good = self.is_plain & (self.cells == len(self.headers))
        good[list(self.texts.refused)] = False
        rows = np.flatnonzero(good)
        left = Counter({"record: not a plain row": len(good) - len(rows)})
        table = _parsed(self._bytes_of(good), len(self.headers)) if len(rows) else None
        if table is None or table.num_rows != len(rows):
            return empty_columns(self.entity, left)
        frame = pl.DataFrame(table).with_columns(pl.Series(ROW, rows, pl.Int64()))
        for header, name in zip(self.headers, table.column_names, strict=True):
            if header.kind is Kind.CUSTOM:
                frame = with_written_objects(frame, name, header.name, left)
            elif header.kind is Kind.EXTRA:
                frame = with_written_texts(frame, name, header.name, left)
        return table_columns(self.entity, self.headers, frame, left)

    def _bytes_of(self, good: npt.NDArray[np.bool_]) -> bytes:
        """Give the good rows' bytes: whole runs of them at once, with their line terminators."""
        starts, ends = self.texts.starts, self.texts.ends
        rows = np.flatnonzero(good)
        is_apart = np.ones(len(rows), np.bool_)
        is_apart[1:] = starts[rows[1:]] - ends[rows[:-1]] > _LONGEST_TERMINATOR
        first = np.flatnonzero(is_apart)
        lasts = np.append(first[1:], len(rows)) - 1
        view = memoryview(self.texts.buffer)
        runs = zip(starts[rows[first]].tolist(), ends[rows[lasts]].tolist(), strict=True)
        return b"\n".join([*(view[start:end] for start, end in runs), b""])


def read_csv(entity: Entity, source: ByteSource) -> Iterator[CsvRows]:
    """Give the rows of a file in batches; blank lines are no rows.

    Raises:
        DumpUnreadableError: where the file cannot be read to its end, its header is no good, or a row is longer
            than the limit: then a quote is most likely never closed, and all that follows would be one cell.
    """
    headers: list[Header] | None = None
    position = 1
    limit = source.bounds.record_bytes
    held, offset = b"", 0
    for block, is_last in _with_last(source.blocks(_DENSER_THAN_JSON)):
        data = held + block
        if offset == 0 and not held:
            _expect_utf8(source, data)
            data = data.removeprefix(BYTE_ORDER_MARK)
            offset = len(block) - len(data)
        bounds = find_rows(data, is_last=is_last)
        if is_last and bounds.unclosed is not None:
            fact = "a quote opens here that is never closed"
            raise DumpUnreadableError(source.file, fact, offset + bounds.unclosed)
        lengths = np.append(bounds.ends, len(data)) - np.append(bounds.starts, bounds.beyond)
        if (lengths > limit).any():
            row = int(np.flatnonzero(lengths > limit)[0])
            start = int(np.append(bounds.starts, bounds.beyond)[row])
            fact = f"a row longer than the limit of {limit} bytes, or a quote that is never closed"
            raise DumpUnreadableError(source.file, fact, offset + start)
        kept = _not_blank(data, bounds)
        if headers is None and len(kept):
            headers = _headers(entity, source, data[bounds.starts[kept[0]] : bounds.ends[kept[0]]])
            kept = kept[1:]
        if headers is not None and len(kept):
            positions = np.arange(position, position + len(kept))
            texts = Texts(source.file, data, bounds.starts[kept], bounds.ends[kept], positions, offset=offset)
            refuse_what_is_not_utf8(texts)
            yield CsvRows(entity, headers, texts, bounds.cells[kept], bounds.is_plain[kept])
            position += len(kept)
        held, offset = data[bounds.beyond :], offset + bounds.beyond


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Say of each block whether it is the last one."""
    block = next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        yield block, following is None
        block = following


def _expect_utf8(source: ByteSource, data: bytes) -> None:
    if data.startswith(OTHER_BYTE_ORDER_MARKS):
        raise DumpUnreadableError(source.file, "not UTF-8, it begins as UTF-16 or UTF-32 does", 0)


def _not_blank(data: bytes, bounds: RowBounds) -> Offsets:
    kept = np.ones(len(bounds.starts), np.bool_)
    for row in np.flatnonzero(bounds.cells == 1):
        kept[row] = bool(data[bounds.starts[row] : bounds.ends[row]].strip())
    return np.flatnonzero(kept)


def _headers(entity: Entity, source: ByteSource, line: bytes) -> list[Header]:
    cells = cells_of(line)
    if cells is None:
        raise DumpUnreadableError(source.file, "text after a closing quote in the header", 0)
    if b"\r" in line:
        fact = "a carriage return in the header: lines end with it alone; expected LF or CRLF"
        raise DumpUnreadableError(source.file, fact, 0)
    try:
        names = [cell.decode() for cell in cells]
    except UnicodeDecodeError:
        raise DumpUnreadableError(source.file, "the header is not UTF-8", 0) from None
    return read_headers(entity, source.file, names)


def _parsed(rows: bytes, cells: int) -> pa.Table:
    """Cut plain rows into columns of text, every cell as it is."""
    names = [f"cell {number}" for number in range(cells)]
    return pyarrow.csv.read_csv(
        BytesIO(rows),
        pyarrow.csv.ReadOptions(use_threads=False, block_size=max(len(rows), 1), column_names=names),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=True),
        pyarrow.csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    )
