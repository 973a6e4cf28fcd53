"""CSV text as RFC 4180 has it: where rows end, and what cells a row holds.

A quote opens only at the start of a cell; elsewhere in an unquoted cell it is a plain character (house rule, as
most readers have it). Put here reading of text alone; headers and files stand in `csv_rows.py`.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cdp_etl.normalize.readers.byte_slices import Offsets

_QUOTE: Final = 0x22
_COMMA: Final = 0x2C
_NEWLINE: Final = 0x0A
_RETURN: Final = 0x0D
_CELL_END: Final = re.compile(rb"[,\n]")
_NO_ROWS: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class RowBounds:
    """Rows found in a piece of CSV.

    Attributes:
        starts: Where each begins.
        ends: Where each ends, before its line terminator.
        cells: How many cells each has.
        is_plain: Whether any strict reader of CSV reads the row as we do: no stray quote or carriage return.
        beyond: Where the first row begins that is not whole in the piece.
        unclosed: Where a quote opens that is not closed in the piece; None where there is none.
    """

    starts: Offsets
    ends: Offsets
    cells: Offsets
    is_plain: npt.NDArray[np.bool_]
    beyond: int
    unclosed: int | None


def find_rows(data: bytes, *, is_last: bool) -> RowBounds:
    """Find the rows that are whole in a piece that starts with one; the last piece may end without a newline."""
    codes = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) and not _are_proper(codes, quotes):
        return _walk(data, is_last=is_last)
    newlines = np.flatnonzero(codes == _NEWLINE)
    commas = np.flatnonzero(codes == _COMMA)
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
    is_plain = np.ones(len(ends), np.bool_)
    returns = np.flatnonzero(codes == _RETURN)
    if len(returns) != int(has_return.sum()):
        strays = returns[~np.isin(returns, ends[has_return])]
        rows = np.searchsorted(newlines, strays)
        is_plain[rows[rows < len(ends)]] = False
    return RowBounds(starts, ends, cells, is_plain, beyond, int(quotes[-1]) if is_open else None)


def _are_proper(codes: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp]) -> bool:
    """Say whether every quote opens a cell, closes one, or is half of a doubled one."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = codes[np.maximum(opening - 1, 0)]
    is_after_quote = np.zeros(len(opening), np.bool_)
    is_after_quote[1:] = opening[1:] == closing[: len(opening) - 1] + 1
    is_opening = (opening == 0) | (before == _COMMA) | (before == _NEWLINE) | is_after_quote
    closing = closing[closing < len(codes) - 1]
    after = codes[closing + 1]
    is_before_end = (after == _RETURN) & (codes[np.minimum(closing + 2, len(codes) - 1)] == _NEWLINE)
    is_closing = (after == _COMMA) | (after == _NEWLINE) | (after == _QUOTE) | is_before_end
    return bool(is_opening.all() and is_closing.all())


def _walk(data: bytes, *, is_last: bool) -> RowBounds:
    """Find rows cell by cell, where some quote stands at an odd place."""
    starts: list[int] = []
    ends: list[int] = []
    cells: list[int] = []
    plain: list[bool] = []
    start = 0
    unclosed: int | None = None
    while start < len(data):
        row = _walk_row(data, start)
        if row.unclosed is not None or (row.is_cut and not is_last):
            unclosed = row.unclosed
            break
        starts.append(start)
        ends.append(row.end)
        cells.append(row.cells)
        plain.append(row.is_plain)
        start = row.beyond
    return RowBounds(
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(cells, np.int64),
        np.array(plain, np.bool_),
        min(start, len(data)),
        unclosed,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    end: int
    beyond: int
    cells: int
    is_plain: bool
    is_cut: bool
    unclosed: int | None


def _walk_row(data: bytes, start: int) -> _Row:
    at = start
    cells = 0
    is_plain = True
    while True:
        cells += 1
        if data[at : at + 1] == b'"':
            closing = _closing_quote(data, at)
            if closing is None:
                return _Row(at, at, cells, is_plain=False, is_cut=True, unclosed=at)
            found = _CELL_END.search(data, closing + 1)
            end = found.start() if found else len(data)
            between = data[closing + 1 : end]
            is_plain &= between in {b"", b"\r"}
        else:
            found = _CELL_END.search(data, at)
            end = found.start() if found else len(data)
            is_plain &= data.find(b'"', at, end) < 0
        if found is None or found.group() == b"\n":
            stop = end - 1 if end > start and data[end - 1 : end] == b"\r" else end
            is_plain &= data.find(b"\r", start, stop) < 0
            return _Row(stop, end + 1, cells, is_plain, is_cut=found is None, unclosed=None)
        at = end + 1


def _closing_quote(data: bytes, opening: int) -> int | None:
    at = opening + 1
    while (at := data.find(b'"', at)) >= 0:
        if data[at + 1 : at + 2] != b'"':
            return at
        at += 2
    return None


def cells_of(row: bytes) -> list[bytes] | None:
    """Give the cells of one row, without its line terminator; None where text follows a closing quote."""
    cells: list[bytes] = []
    at = 0
    while True:
        if row[at : at + 1] == b'"':
            closing = _closing_quote(row, at)
            if closing is None:
                return None
            cells.append(row[at + 1 : closing].replace(b'""', b'"'))
            end = closing + 1
            if row[end : end + 1] not in {b"", b","}:
                return None
        else:
            comma = row.find(b",", at)
            end = len(row) if comma < 0 else comma
            cells.append(row[at:end])
        if end >= len(row):
            return cells
        at = end + 1
