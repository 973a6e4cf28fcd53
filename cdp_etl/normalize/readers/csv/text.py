"""CSV text by RFC 4180: the bounds of rows, and the cells of one row.

A quote opens only at the start of a cell. Elsewhere in an unquoted cell it is an ordinary character (house rule,
as in most readers).
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize.record_batch import Offsets

_QUOTE: Final = 0x22
_NEWLINE: Final = 0x0A
_RETURN: Final = 0x0D


@dataclass(frozen=True, slots=True)
class RowBounds:
    """Rows found in a block of CSV.

    Attributes:
        starts: Start of each row.
        ends: End of each row, before its line terminator.
        cells: Number of cells of each row.
        is_standard: Whether every strict CSV reader reads the row as we do: no stray quote or carriage return.
        beyond: Start of the first row that is incomplete in the block.
        unclosed: Offset of a quote that is not closed in the block, or None.
    """

    starts: Offsets
    ends: Offsets
    cells: Offsets
    is_standard: npt.NDArray[np.bool_]
    beyond: int
    unclosed: int | None


def find_rows(data: bytes, delimiter: bytes = b",", *, is_last: bool) -> RowBounds:
    """Find the complete rows in a block that starts with a row; the last block may end without a newline."""
    codes = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) and not _are_regular(codes, quotes, delimiter[0]):
        return _find_rows_by_cell(data, delimiter, is_last=is_last)
    newlines = np.flatnonzero(codes == _NEWLINE)
    commas = np.flatnonzero(codes == delimiter[0])
    is_open = bool(len(quotes) % 2)
    if len(quotes):
        newlines = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    if is_last and not is_open and len(data) and (not len(newlines) or newlines[-1] != len(data) - 1):
        newlines = np.append(newlines, len(data))
    starts = np.concatenate([np.zeros(min(len(newlines), 1), np.int64), newlines[:-1] + 1])
    cells = np.diff(np.searchsorted(commas, newlines), prepend=0) + 1
    beyond = min(int(newlines[-1]) + 1, len(data)) if len(newlines) else 0
    has_return = (
        (newlines > starts) & (codes[np.maximum(newlines - 1, 0)] == _RETURN) if len(data) else newlines > 0
    )
    ends = newlines - has_return
    is_standard = np.ones(len(ends), np.bool_)
    returns = np.flatnonzero(codes == _RETURN)
    if len(returns) != int(has_return.sum()):
        strays = returns[~np.isin(returns, ends[has_return])]
        rows = np.searchsorted(newlines, strays)
        is_standard[rows[rows < len(ends)]] = False
    return RowBounds(starts, ends, cells, is_standard, beyond, int(quotes[-1]) if is_open else None)


def _are_regular(codes: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp], delimiter: int) -> bool:
    """Return whether every quote opens a cell, closes one, or is half of a doubled one."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = codes[np.maximum(opening - 1, 0)]
    is_after_quote = np.zeros(len(opening), np.bool_)
    is_after_quote[1:] = opening[1:] == closing[: len(opening) - 1] + 1
    is_opening = (opening == 0) | (before == delimiter) | (before == _NEWLINE) | is_after_quote
    closing = closing[closing < len(codes) - 1]
    after = codes[closing + 1]
    is_before_end = (after == _RETURN) & (codes[np.minimum(closing + 2, len(codes) - 1)] == _NEWLINE)
    is_closing = (after == delimiter) | (after == _NEWLINE) | (after == _QUOTE) | is_before_end
    return bool(is_opening.all() and is_closing.all())


def _find_rows_by_cell(data: bytes, delimiter: bytes, *, is_last: bool) -> RowBounds:
    """Find rows cell by cell, for blocks in which a quote is inside an unquoted cell."""
    cell_end = re.compile(b"[" + re.escape(delimiter) + rb"\n]")
    starts: list[int] = []
    ends: list[int] = []
    cells: list[int] = []
    standard: list[bool] = []
    start = 0
    unclosed: int | None = None
    while start < len(data):
        row = _find_row(data, start, cell_end)
        if row.unclosed is not None or (row.is_incomplete and not is_last):
            unclosed = row.unclosed
            break
        starts.append(start)
        ends.append(row.end)
        cells.append(row.cells)
        standard.append(row.is_standard)
        start = row.beyond
    return RowBounds(
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(cells, np.int64),
        np.array(standard, np.bool_),
        min(start, len(data)),
        unclosed,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    end: int
    beyond: int
    cells: int
    is_standard: bool
    is_incomplete: bool
    unclosed: int | None


def _find_row(data: bytes, start: int, cell_end: re.Pattern[bytes]) -> _Row:
    at = start
    cells = 0
    is_standard = True
    while True:
        cells += 1
        if data[at : at + 1] == b'"':
            closing = _closing_quote(data, at)
            if closing is None:
                return _Row(at, at, cells, is_standard=False, is_incomplete=True, unclosed=at)
            found = cell_end.search(data, closing + 1)
            end = found.start() if found else len(data)
            between = data[closing + 1 : end]
            is_standard &= between in {b"", b"\r"}
        else:
            found = cell_end.search(data, at)
            end = found.start() if found else len(data)
            is_standard &= data.find(b'"', at, end) < 0
        if found is None or found.group() == b"\n":
            stop = end - 1 if end > start and data[end - 1 : end] == b"\r" else end
            is_standard &= data.find(b"\r", start, stop) < 0
            return _Row(stop, end + 1, cells, is_standard, is_incomplete=found is None, unclosed=None)
        at = end + 1


def _closing_quote(data: bytes, opening: int) -> int | None:
    at = opening + 1
    while (at := data.find(b'"', at)) >= 0:
        if data[at + 1 : at + 2] != b'"':
            return at
        at += 2
    return None


def split_cells(row: bytes, delimiter: bytes = b",") -> list[bytes] | None:
    """Return the cells of one row without line terminator, or None if text follows a closing quote."""
    cells: list[bytes] = []
    at = 0
    while True:
        if row[at : at + 1] == b'"':
            closing = _closing_quote(row, at)
            if closing is None:
                return None
            cells.append(row[at + 1 : closing].replace(b'""', b'"'))
            end = closing + 1
            if row[end : end + 1] not in {b"", delimiter}:
                return None
        else:
            found = row.find(delimiter, at)
            end = len(row) if found < 0 else found
            cells.append(row[at:end])
        if end >= len(row):
            return cells
        at = end + 1
