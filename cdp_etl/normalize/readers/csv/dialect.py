"""Dialect of a CSV file, recognised by its first lines: the delimiter, and a line `sep=;` ahead of the header.

Spreadsheets write `;` where the comma is the decimal mark, and tabs as "Unicode text". A name `.tsv` says tabs.
"""

import re
from dataclasses import dataclass
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import without_compression
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.normalize.readers.byte_stream import BYTE_ORDER_MARK, ByteSource
from cdp_etl.normalize.readers.csv.text import split_cells

_SEPARATOR_LINE: Final = re.compile(rb'"?sep=([,;\t|])"?[ ,;\t]*\r?\n', re.IGNORECASE)
_READ: Final = (b",", b";", b"\t")
"""Delimiters that are read without a line `sep=`."""
_NAMES: Final = {b",": "','", b";": "';'", b"\t": "a tab", b"|": "'|'"}
_MIN_FIELDS: Final = 2
"""Headers that must name fields, for a delimiter or a format that the file's name does not say."""


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """The delimiter of a file, and the number of bytes before its header."""

    delimiter: bytes = b","
    skipped: int = 0


def csv_dialect(entity: Entity, source: ByteSource, head: bytes) -> CsvDialect:
    """Return the dialect of a file by its head, and note what is not a plain comma."""
    skipped = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
    line = _SEPARATOR_LINE.match(head, skipped)
    if line is not None:
        source.note(f"a line `sep=` ahead of the header; the delimiter is {_NAMES[line[1]]}")
        return CsvDialect(line[1], line.end())
    named = b"\t" if without_compression(source.file).lower().endswith(".tsv") else b","
    fields = _fields_by_delimiter(entity, head[skipped:], (named, *_READ))
    best = max(fields, key=lambda delimiter: fields[delimiter])
    if best == named or fields[best] < _MIN_FIELDS:
        return CsvDialect(named, skipped)
    source.note(f"the delimiter is {_NAMES[best]}")
    return CsvDialect(best, skipped)


def is_csv(entity: Entity, head: bytes) -> bool:
    """Return whether the first line of a file is unmistakably a header of CSV, with any delimiter."""
    text = head.removeprefix(BYTE_ORDER_MARK)
    fields = _fields_by_delimiter(entity, text, tuple(_NAMES))
    return _SEPARATOR_LINE.match(text) is not None or max(fields.values()) >= _MIN_FIELDS


def _fields_by_delimiter(entity: Entity, text: bytes, delimiters: tuple[bytes, ...]) -> dict[bytes, int]:
    header = text.lstrip().partition(b"\n")[0]
    return {delimiter: _fields(entity, header, delimiter) for delimiter in delimiters}


def _fields(entity: Entity, header: bytes, delimiter: bytes) -> int:
    """Return how many cells of a header name a field."""
    cells = split_cells(header.rstrip(b"\r"), delimiter) if delimiter in header else None
    names = (cell.decode(errors="replace").strip() for cell in cells or ())
    return sum(name in entity.by_contract_name or named_field(entity, name) is not None for name in names)
