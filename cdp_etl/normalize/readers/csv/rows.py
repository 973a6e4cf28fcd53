"""CSV reader: a header line, then one record per row.

`text.py` finds rows and cells.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import takewhile
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.csv

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.parsers import normalize_text
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import RecordSlices, quarantine_invalid_utf8
from cdp_etl.normalize.readers.byte_stream import (
    BYTE_ORDER_MARK,
    MARKS_WITHIN,
    OTHER_BYTE_ORDER_MARKS,
    ByteSource,
)
from cdp_etl.normalize.readers.column_mapping import (
    ColumnKind,
    MappedColumn,
    map_columns,
    parse_custom_field_text,
)
from cdp_etl.normalize.readers.csv.dialect import csv_dialect
from cdp_etl.normalize.readers.csv.text import RowBounds, find_rows, split_cells
from cdp_etl.normalize.readers.csv.wrapped_cells import unwrap
from cdp_etl.normalize.readers.table_columns import (
    TOO_MANY_COLUMNS,
    has_too_many_columns,
    table_columns,
    with_json_objects,
    with_json_strings,
)
from cdp_etl.normalize.record_batch import ROW, ColumnBatch, Offsets, empty_columns
from cdp_etl.normalize.reference_path import Quarantined

_MAX_TERMINATOR_BYTES: Final = 2
"""Maximum distance of consecutive rows; if it is larger, a skipped row is between them."""

_MAX_EMPTY_CELLS: Final = 1_000
"""Empty cells behind the last column that are ignored; a row with more is not looked at."""

_BLANK: Final = b'" '
_MAX_BLANK_BYTES: Final = 4
"""Characters of rows without text, and their number by cell: two quotes and a delimiter, or a space."""

_MAX_ROWS_AT_ONCE: Final = 1 << 20
_PART_BYTES: Final = 1 << 20

_DENSITY: Final = 2
"""Records per byte, relative to JSON: a row does not repeat its keys."""


@dataclass(frozen=True, slots=True)
class CsvRows:
    """A batch of CSV rows.

    Attributes:
        entity: The entity of the dump.
        mapping: The mapping of the columns.
        slices: The rows.
        cells: Number of cells of each row.
        is_standard: Whether every strict CSV reader reads the row as we do.
    """

    entity: Entity
    mapping: list[MappedColumn]
    slices: RecordSlices
    cells: Offsets
    is_standard: npt.NDArray[np.bool_]
    delimiter: bytes = b","

    @property
    def file(self) -> str:
        """Path within the dump."""
        return self.slices.file

    @property
    def positions(self) -> Offsets:
        """Number of each row, from 1; the header is not counted."""
        return self.slices.positions

    def raw(self, row: int) -> bytes:
        """Return a row's bytes as delivered."""
        return self.slices.raw(row)

    def field_names(self) -> list[str]:
        """Return the contract's name of each column, '' for a column of no field."""
        return [column.key if column.kind is ColumnKind.FIELD else "" for column in self.mapping]

    def chunks(self, max_rows: int) -> Iterator["CsvRows"]:
        """Yield the rows in chunks."""
        for rows, chunk in self.slices.chunks(max_rows):
            yield replace(self, slices=chunk, cells=self.cells[rows], is_standard=self.is_standard[rows])

    def record(self, row: int) -> dict[str, Any] | Quarantined:
        """Return the cells that are not blank, by key."""
        if row in self.slices.quarantined:
            return Quarantined([self.slices.quarantined[row]])
        count, columns = int(self.cells[row]), len(self.mapping)
        is_near = columns - _unnamed(self.mapping) <= count <= columns + _MAX_EMPTY_CELLS
        cells = split_cells(self.raw(row), self.delimiter) if is_near else None
        if cells is None and count == columns:
            return Quarantined([errors.AFTER_CLOSING_QUOTE])
        cells = None if cells is None else _fitted(cells, self.mapping)
        if cells is None:
            return Quarantined([errors.wrong_cell_count(count, columns)])
        record: dict[str, Any] = {}
        for column, cell in zip(self.mapping, cells, strict=True):
            text = cell.decode()
            if normalize_text(text):
                is_custom = column.kind is ColumnKind.CUSTOM
                record[column.key] = parse_custom_field_text(text) if is_custom else self._unwrapped(column, text)
            elif column.is_contested:
                record[column.key] = None
        return record

    def _unwrapped(self, column: MappedColumn, text: str) -> str:
        if column.kind is not ColumnKind.FIELD:
            return text
        return unwrap(text, has_apostrophe=_may_have_apostrophe(self.entity.by_contract_name[column.key]))

    def _wrapped(self, table: pa.Table) -> dict[str, pl.Series]:
        """Return for each field with a cell that may be written for a spreadsheet which cells those are."""
        buffer = self.slices.buffer
        has_formula, has_apostrophe = b"=" in buffer and b'="' in buffer, b"'" in buffer
        wrapped: dict[str, pl.Series] = {}
        for column, name in zip(self.mapping, table.column_names, strict=True):
            if column.kind is not ColumnKind.FIELD:
                continue
            field = self.entity.by_contract_name[column.key]
            starts = ["="] * has_formula + ["'"] * (has_apostrophe and _may_have_apostrophe(field))
            if starts:
                found = pl.Series(table.column(name)).str.strip_chars_start().str.slice(0, 1).is_in(starts)
                if found.any():
                    wrapped[column.key] = found
        return wrapped

    def columns(self) -> ColumnBatch:
        """Return the standard rows with as many cells as the header, as columns of text."""
        if has_too_many_columns(self.mapping):
            return empty_columns(self.entity, {TOO_MANY_COLUMNS: len(self.slices)})
        is_supported = self.is_standard & (self.cells == len(self.mapping))
        is_supported[list(self.slices.quarantined)] = False
        rows = np.flatnonzero(is_supported)
        unsupported = Counter({"record: unsupported quotes or number of cells": len(is_supported) - len(rows)})
        table = (
            _parse_table(self._bytes_of(is_supported), len(self.mapping), self.delimiter) if len(rows) else None
        )
        if table is None or table.num_rows != len(rows):
            return empty_columns(self.entity, unsupported)
        frame = pl.DataFrame(table).with_columns(pl.Series(ROW, rows, pl.Int64()))
        wrapped = self._wrapped(table)
        if wrapped:
            is_wrapped = (
                pl.DataFrame(wrapped).select(pl.any_horizontal(pl.all()).fill_null(value=False)).to_series()
            )
            unsupported["record: a cell that may be written for a spreadsheet"] += int(is_wrapped.sum())
            frame = frame.filter(~is_wrapped)
        for column, name in zip(self.mapping, table.column_names, strict=True):
            if column.kind is ColumnKind.CUSTOM:
                frame = with_json_objects(frame, name, column.key, unsupported)
            elif column.kind is ColumnKind.EXTRA:
                frame = with_json_strings(frame, name, column.key, unsupported)
        columns = table_columns(self.entity, self.mapping, frame, unsupported)
        return replace(columns, may_have_marks=self.slices.may_have_invisible_marks())

    def _bytes_of(self, is_chosen: npt.NDArray[np.bool_]) -> bytes:
        """Return the bytes of some rows; consecutive rows are copied at once, with their line terminators."""
        starts, ends = self.slices.starts, self.slices.ends
        rows = np.flatnonzero(is_chosen)
        is_first = np.ones(len(rows), np.bool_)
        is_first[1:] = starts[rows[1:]] - ends[rows[:-1]] > _MAX_TERMINATOR_BYTES
        firsts = np.flatnonzero(is_first)
        lasts = np.append(firsts[1:], len(rows)) - 1
        view = memoryview(self.slices.buffer)
        runs = zip(starts[rows[firsts]].tolist(), ends[rows[lasts]].tolist(), strict=True)
        return b"\n".join([*(view[start:end] for start, end in runs), b""])


def _may_have_apostrophe(field: ContractField) -> bool:
    return field.column.is_id or field.column.personal is Personal.PHONE


def read_csv(entity: Entity, source: ByteSource, head: bytes) -> Iterator[CsvRows]:
    """Yield the rows of a file in batches; blank lines and rows of delimiters alone are skipped.

    Args:
        entity: The entity of the rows.
        source: The file.
        head: Its first bytes, by which its dialect is recognised.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end, if its header is invalid, or if a row is longer
            than the limit. Such a row most likely has an unclosed quote that makes the rest of the file one cell.
    """
    mapping: list[MappedColumn] | None = None
    dialect = csv_dialect(entity, source, head)
    position = 1
    has_empty_rows = False
    limit = source.bounds.record_bytes
    rest, offset = b"", 0
    for block, is_last in _with_last(_parts(source.blocks(_DENSITY))):
        data = rest + block
        if offset == 0 and not rest:
            _check_encoding(source, data)
            offset = min(dialect.skipped, len(data))
            data = data[offset:]
        bounds = find_rows(data, dialect.delimiter, is_last=is_last)
        if is_last and bounds.unclosed is not None:
            fact = "a quote opens here that is never closed"
            raise DumpUnreadableError(source.file, fact, offset + bounds.unclosed)
        lengths = np.append(bounds.ends, len(data)) - np.append(bounds.starts, bounds.beyond)
        if (lengths > limit).any():
            row = int(np.flatnonzero(lengths > limit)[0])
            start = int(np.append(bounds.starts, bounds.beyond)[row])
            fact = f"a row longer than the limit of {limit} bytes, or a quote that is never closed"
            raise DumpUnreadableError(source.file, fact, offset + start)
        starts = _after_byte_order_marks(source, data, bounds.starts)
        is_empty = _are_empty(data, starts, bounds, dialect.delimiter)
        rows = _not_blank(data, bounds)
        if is_empty.any():
            rows = rows[~is_empty[rows]]
        if len(rows) and (has_empty_rows or is_empty[: rows[-1]].any()):
            source.note("rows of delimiters alone, between others; they are no records")
        has_empty_rows = bool(is_empty.any()) or (has_empty_rows and not len(rows))
        if mapping is None and len(rows):
            mapping = _read_header(entity, source, data[starts[rows[0]] : bounds.ends[rows[0]]], dialect.delimiter)
            rows = rows[1:]
        if mapping is not None and len(rows):
            positions = np.arange(position, position + len(rows))
            slices = RecordSlices(source.file, data, starts[rows], bounds.ends[rows], positions, offset=offset)
            quarantine_invalid_utf8(slices)
            yield CsvRows(entity, mapping, slices, bounds.cells[rows], bounds.is_standard[rows], dialect.delimiter)
            position += len(rows)
        rest, offset = data[bounds.beyond :], offset + bounds.beyond


def _parts(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield blocks, those of very short rows in parts: the offsets of a row need memory, however short it is."""
    for block in blocks:
        if block.count(b"\n") <= _MAX_ROWS_AT_ONCE:
            yield block
        else:
            yield from (block[start : start + _PART_BYTES] for start in range(0, len(block), _PART_BYTES))


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each block, and whether it is the last one."""
    block = next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        yield block, following is None
        block = following


def _check_encoding(source: ByteSource, data: bytes) -> None:
    if data.startswith(OTHER_BYTE_ORDER_MARKS):
        raise DumpUnreadableError(source.file, "not UTF-8, it begins as UTF-16 or UTF-32 does", 0)


def _not_blank(data: bytes, bounds: RowBounds) -> Offsets:
    is_not_blank = np.ones(len(bounds.starts), np.bool_)
    for row in np.flatnonzero(bounds.cells == 1):
        is_not_blank[row] = bool(data[bounds.starts[row] : bounds.ends[row]].strip())
    return np.flatnonzero(is_not_blank)


def _are_empty(data: bytes, starts: Offsets, bounds: RowBounds, delimiter: bytes) -> npt.NDArray[np.bool_]:
    """Return which rows have several cells and no text: delimiters alone, or quotes and white space as well."""
    lengths = bounds.ends - starts
    is_empty: npt.NDArray[np.bool_] = (bounds.cells > 1) & (lengths == bounds.cells - 1)
    # Few rows have so few characters, so the cells of those alone are looked at.
    is_short = (bounds.cells > 1) & ~is_empty & (lengths < _MAX_BLANK_BYTES * bounds.cells)
    for row in np.flatnonzero(is_short):
        text = data[starts[row] : bounds.ends[row]]
        if not text.strip(_BLANK + delimiter):
            is_empty[row] = not any(map(bytes.strip, split_cells(text, delimiter) or (text,)))
    return is_empty


def _after_byte_order_marks(source: ByteSource, data: bytes, starts: Offsets) -> Offsets:
    """Return the starts of rows without the byte order marks of files or gzip members that were appended."""
    rows = np.flatnonzero(np.frombuffer(data, np.uint8)[starts] == BYTE_ORDER_MARK[0])
    marked = [row for row in rows.tolist() if data.startswith(BYTE_ORDER_MARK, int(starts[row]))]
    if not marked:
        return starts
    source.note(MARKS_WITHIN)
    after = starts.copy()
    after[marked] += len(BYTE_ORDER_MARK)
    return after


def _fitted(cells: list[bytes], mapping: list[MappedColumn]) -> list[bytes] | None:
    """Return one cell for each column, or None if a cell behind the last column is not empty.

    Spreadsheets write empty cells behind the last column, in the header or in the rows. So a row may lack cells
    of columns without header, or have more empty cells.
    """
    columns = len(mapping)
    return None if any(cells[columns:]) else cells[:columns] + [b""] * (columns - len(cells))


def _unnamed(mapping: list[MappedColumn]) -> int:
    """Return the number of columns without header behind the last one with a header."""
    return sum(1 for _ in takewhile(lambda mapped: not mapped.is_named, reversed(mapping)))


def _read_header(entity: Entity, source: ByteSource, line: bytes, delimiter: bytes) -> list[MappedColumn]:
    cells = split_cells(line, delimiter)
    if cells is None:
        raise DumpUnreadableError(source.file, "text after a closing quote in the header", 0)
    if b"\r" in line:
        fact = "a carriage return in the header: lines end with it alone; expected LF or CRLF"
        raise DumpUnreadableError(source.file, fact, 0)
    try:
        headers = [cell.decode() for cell in cells]
    except UnicodeDecodeError:
        raise DumpUnreadableError(source.file, "the header is not UTF-8", 0) from None
    mapping = map_columns(entity, source.file, headers, source.bounds.columns)
    if unnamed := _unnamed(mapping):
        source.note(f"{unnamed} empty {'header' if unnamed == 1 else 'headers'} behind the last column")
    required = {field.contract_name for field in entity.fields if field.is_required}
    if required.isdisjoint(mapped.key for mapped in mapping):
        raise DumpUnreadableError(source.file, _no_required_field(line, delimiter), 0)
    return mapping


def _no_required_field(header: bytes, delimiter: bytes) -> str:
    """Return the fact that a header names no required field, with the most probable cause."""
    counts = {other: header.count(other) for other in (delimiter, b",", b";", b"\t", b"|")}
    most = max(counts, key=lambda other: counts[other])
    if most != delimiter:
        return f"the header has none of the required fields; is the delimiter '{most.decode()}'?"
    return "the header has none of the required fields; expected the names of the fields in the first line"


def _parse_table(rows: bytes, cells: int, delimiter: bytes) -> pa.Table:
    """Parse standard rows to columns of text, with every cell unchanged."""
    names = [f"cell {number}" for number in range(cells)]
    return pyarrow.csv.read_csv(
        BytesIO(rows),
        pyarrow.csv.ReadOptions(use_threads=False, block_size=max(len(rows), 1), column_names=names),
        pyarrow.csv.ParseOptions(delimiter=delimiter.decode(), newlines_in_values=True, ignore_empty_lines=True),
        pyarrow.csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    )
