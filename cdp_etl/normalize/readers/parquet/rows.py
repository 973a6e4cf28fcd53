"""Records delivered as Parquet: a row each, in columns that have types of their own.

Put here how a file is read and what a row is to the exact lane. What columns are to the fast lane stands in
`parquet_columns.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import trimmed
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.exact_path import Refused
from cdp_etl.normalize.readers.byte_slices import Offsets
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.column_mapping import Header, Kind, read_custom_text, read_headers
from cdp_etl.normalize.readers.parquet.columns import parquet_columns
from cdp_etl.normalize.readers.parquet.values import Column, as_delivered, as_json
from cdp_etl.normalize.record_batch import Columns

_FEWEST_ROWS: Final = 1_000
_MOST_ROWS: Final = 50_000
"""As many as a batch of JSON holds: a column of a dictionary tells little of the memory that its values take."""


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """A batch of Parquet rows, each to be judged as a record of an entity.

    Attributes:
        entity: The entity that the dump is of.
        file: Path within the dump.
        headers: What each column stands for.
        batch: The rows; moments in microseconds, texts decoded.
        positions: Number of each row in the file, from 1.
        refused: Reason of each row that cannot be judged at all, by its index here.
    """

    entity: Entity
    file: str
    headers: list[Header]
    batch: pa.RecordBatch
    positions: Offsets
    refused: dict[int, str]

    def raw(self, row: int) -> bytes:
        """Give a row as JSON: Parquet has no bytes of one row."""
        names = self.batch.schema.names
        values = {name: as_json(self._value(row, number)) for number, name in enumerate(names)}
        return strict_json.write(values).encode()

    def record(self, row: int) -> dict[str, Any] | Refused:
        """Give the values that are not null by the key they stand for."""
        if row in self.refused:
            return Refused([self.refused[row]])
        record: dict[str, Any] = {}
        for number, header in enumerate(self.headers):
            value = self._value(row, number)
            if value is None:
                continue
            if header.kind in {Kind.FIELD, Kind.IGNORED}:
                record[header.name] = as_delivered(value)
            elif not isinstance(value, str):
                record[header.name] = as_json(value)
            elif trimmed(value):
                record[header.name] = read_custom_text(value) if header.kind is Kind.CUSTOM else value
        return record

    def columns(self) -> Columns:
        """Give the rows as columns, in their own types where the contract has the same."""
        return parquet_columns(self.entity, self.headers, self.batch, list(self.refused))

    def _value(self, row: int, column: int) -> Any:
        scalar = self.batch.column(column)[row]
        try:
            return scalar.as_py()
        except (ValueError, OverflowError):  # a moment beyond Python's calendar: out of range as a number too
            return scalar.cast(pa.int64()).as_py() // 1000


def read_parquet(entity: Entity, file: str, path: Path, bounds: ReadBounds) -> Iterator[ParquetRows]:
    """Give the rows of a file in batches of about as many bytes as are wanted.

    Raises:
        DumpUnreadableError: where its footer or a page cannot be read, or two columns name one field.
    """
    position = 1
    try:
        with pq.ParquetFile(
            path, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True
        ) as source:
            headers = read_headers(entity, file, source.schema_arrow.names)
            for batch in source.iter_batches(
                _rows_at_once(source.metadata, bounds.batch_bytes), use_threads=False
            ):
                refused: dict[int, str] = {}
                ready = _made_ready(batch, refused, bounds.record_bytes)
                positions = np.arange(position, position + len(batch))
                yield ParquetRows(entity, file, headers, ready, positions, refused)
                position += len(batch)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        fact = f"not readable as Parquet after row {position - 1} ({type(error).__name__})"
        raise DumpUnreadableError(file, fact) from error


def _rows_at_once(metadata: pq.FileMetaData, batch_bytes: int) -> int:
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    per_row = max(size // max(metadata.num_rows, 1), 1)
    return min(max(batch_bytes // per_row, _FEWEST_ROWS), _MOST_ROWS)


def _made_ready(batch: pa.RecordBatch, refused: dict[int, str], limit: int) -> pa.RecordBatch:
    """Decode dictionaries and bytes, and bring moments to microseconds of UTC; note rows that cannot be judged."""
    columns: list[Column] = []
    for column in batch.columns:
        ready: Column = column
        if isinstance(column, pa.DictionaryArray):
            ready = column.dictionary_decode()
        if pa.types.is_timestamp(ready.type):
            zone = None if ready.type.tz is None else "UTC"
            ready = pc.cast(ready, pa.timestamp("us", zone), safe=False)
        if pa.types.is_binary(ready.type) or pa.types.is_large_binary(ready.type) or not _is_valid(ready):
            ready = _decoded(ready, refused)
        columns.append(ready)
    made = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
    for row in np.flatnonzero(_text_sizes(made) > limit).tolist():
        refused.setdefault(row, errors.too_long(limit))
    return made


def _text_sizes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Give the bytes of each row's texts: nothing else makes a row long."""
    sizes = np.zeros(len(batch), np.int64)
    for column in batch.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts: Any = column
            sizes += pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    return sizes


def _is_valid(column: Column) -> bool:
    """Say whether texts are UTF-8, as their type promises; the reader does not look.

    Raises:
        pyarrow.ArrowInvalid: where it is another column that is not what its type promises.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            raise
        return False
    return True


def _decoded(column: Column, refused: dict[int, str]) -> Column:
    """Give bytes without a declared type as the texts that they mostly are."""
    delivered = column.cast(pa.large_binary())
    try:
        return delivered.cast(pa.large_string())
    except pa.ArrowInvalid:
        pass
    texts: list[str | None] = []
    for row, value in enumerate(delivered.to_pylist()):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            refused[row] = errors.NOT_UTF8
            texts.append(None)
    return pa.array(texts, pa.string())
