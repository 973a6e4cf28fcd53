"""Parquet reader: one record per row, in columns that have types.

`columns.py` converts the columns for the fast path.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import normalize_text
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.file_findings import FileFindings
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.column_mapping import (
    ColumnKind,
    MappedColumn,
    map_columns,
    parse_custom_field_text,
)
from cdp_etl.normalize.readers.parquet.bounds import DecodedBytes, decoded_lengths, plan_reading
from cdp_etl.normalize.readers.parquet.columns import parquet_columns
from cdp_etl.normalize.readers.parquet.page_headers import MalformedHeaderError
from cdp_etl.normalize.readers.parquet.values import ArrowColumn, as_delivered, as_json, python_value
from cdp_etl.normalize.record_batch import ColumnBatch, Offsets
from cdp_etl.normalize.reference_path import Quarantined

_NUMBERS: Final = frozenset({ContractType.INTEGER, ContractType.LONG, ContractType.DOUBLE})


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """A batch of Parquet rows.

    Attributes:
        entity: The entity of the dump.
        file: Path within the dump.
        mapping: The mapping of the columns.
        batch: The rows; timestamps in microseconds, strings decoded.
        positions: Number of each row in the file, from 1.
        quarantined: Reasons of rows that cannot be validated, by row.
    """

    entity: Entity
    file: str
    mapping: list[MappedColumn]
    batch: pa.RecordBatch
    positions: Offsets
    quarantined: dict[int, str]

    def raw(self, row: int) -> bytes:
        """Return a row as JSON, because Parquet has no bytes of one row."""
        names = self.batch.schema.names
        values = {name: as_json(self._value(row, number)) for number, name in enumerate(names)}
        return strict_json.serialize(values).encode()

    def record(self, row: int) -> dict[str, Any] | Quarantined:
        """Return the values that are not null, by key."""
        if row in self.quarantined:
            return Quarantined([self.quarantined[row]])
        record: dict[str, Any] = {}
        for number, column in enumerate(self.mapping):
            value = self._value(row, number)
            if value is None:
                if column.is_contested:
                    record[column.key] = None
                continue
            if column.kind in {ColumnKind.FIELD, ColumnKind.IGNORED}:
                record[column.key] = as_delivered(value)
            elif not isinstance(value, str):
                record[column.key] = as_json(value)
            elif normalize_text(value):
                is_custom = column.kind is ColumnKind.CUSTOM
                record[column.key] = parse_custom_field_text(value) if is_custom else value
        return record

    def columns(self) -> ColumnBatch:
        """Return the supported rows as columns."""
        return parquet_columns(self.entity, self.mapping, self.batch, list(self.quarantined))

    def _value(self, row: int, column: int) -> Any:
        return python_value(self.batch.column(column)[row])


def read_parquet(
    entity: Entity, file: str, path: Path, bounds: ReadBounds, findings: FileFindings
) -> Iterator[ParquetRows]:
    """Yield the rows of a file in batches of about `bounds.batch_bytes`.

    Raises:
        DumpUnreadableError: If its footer or a page cannot be read, if two columns name one field, or if it
            exceeds a limit.
    """
    position = 1
    try:
        metadata = pq.read_metadata(path)
        plan = plan_reading(file, path, metadata, bounds)
        decoded_bytes = DecodedBytes(file, path.stat().st_size, bounds)
        with pq.ParquetFile(
            path,
            metadata=metadata,
            read_dictionary=list(plan.dictionaries),
            pre_buffer=False,
            buffer_size=1 << 20,
            page_checksum_verification=True,
        ) as source:
            mapping = map_columns(entity, file, source.schema_arrow.names, bounds.columns)
            note = partial(findings.add, file)
            for batch in source.iter_batches(plan.rows, use_threads=False):
                for part, quarantined in _parts(batch, plan.dictionaries, bounds):
                    decoded = _decode(mapping, part, quarantined, bounds.record_bytes, note)
                    decoded = _without_nan(entity, mapping, decoded, note)
                    decoded_bytes.add(len(part), decoded.nbytes)
                    positions = np.arange(position, position + len(part))
                    yield ParquetRows(entity, file, mapping, decoded, positions, quarantined)
                    position += len(part)
    except (pa.ArrowException, OSError, UnicodeDecodeError, MalformedHeaderError) as error:
        fact = f"not readable as Parquet after row {position - 1} ({type(error).__name__})"
        raise DumpUnreadableError(file, fact) from error


def _parts(
    batch: pa.RecordBatch, dictionaries: Sequence[str], bounds: ReadBounds
) -> Iterator[tuple[pa.RecordBatch, dict[int, str]]]:
    """Yield a batch in parts of about `batch_bytes` once decoded, with the rows that are too long.

    In a row that is too long, the columns that were read as dictionaries are set to null.
    """
    if not dictionaries:
        yield batch, {}
        return
    sizes = np.zeros(len(batch), np.int64)
    for name in dictionaries:
        sizes += decoded_lengths(batch.column(name))
    is_too_long = sizes > bounds.record_bytes
    if is_too_long.any():
        for name in dictionaries:
            column: Any = batch.column(name)
            shorter = pa.DictionaryArray.from_arrays(
                pc.if_else(pa.array(is_too_long), None, column.indices), column.dictionary
            )
            batch = batch.set_column(batch.schema.names.index(name), name, shorter)
        sizes[is_too_long] = 0
    start = 0
    ends = np.cumsum(sizes)
    while start < len(batch):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + bounds.batch_bytes, side="right")), start + 1)
        too_long = np.flatnonzero(is_too_long[start:stop]).tolist()
        yield batch.slice(start, stop - start), dict.fromkeys(too_long, errors.too_long(bounds.record_bytes))
        start = stop


def _decode(
    mapping: Sequence[MappedColumn],
    batch: pa.RecordBatch,
    quarantined: dict[int, str],
    limit: int,
    note: Callable[[str], None],
) -> pa.RecordBatch:
    """Decode dictionaries and bytes, convert timestamps to UTC microseconds, and quarantine invalid rows.

    Bytes that are no text cost the record only in a column that the contract lists.
    """
    columns: list[ArrowColumn] = []
    for mapped, column in zip(mapping, batch.columns, strict=True):
        decoded: ArrowColumn = column
        if isinstance(column, pa.DictionaryArray):
            decoded = column.dictionary_decode()
        if isinstance(decoded.type, pa.UuidType):
            texts = [None if value is None else str(value) for value in decoded.to_pylist()]
            decoded = pa.array(texts, pa.string())
        if pa.types.is_timestamp(decoded.type):
            zone = None if decoded.type.tz is None else "UTC"
            decoded = pc.cast(decoded, pa.timestamp("us", zone), safe=False)
        if pa.types.is_binary(decoded.type) or pa.types.is_large_binary(decoded.type) or not _is_valid(decoded):
            decoded, other_bytes = _decode_bytes(decoded)
            if other_bytes and mapped.kind is ColumnKind.EXTRA:
                note("bytes that are no text in a column that the contract does not list, stored in hexadecimal")
            else:
                quarantined.update(dict.fromkeys(other_bytes, errors.NOT_UTF8))
        columns.append(decoded)
    result = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
    for row in np.flatnonzero(_string_bytes(result) > limit).tolist():
        quarantined.setdefault(row, errors.too_long(limit))
    return result


def _without_nan(
    entity: Entity, mapping: Sequence[MappedColumn], batch: pa.RecordBatch, note: Callable[[str], None]
) -> pa.RecordBatch:
    """Return a batch in which NaN is null in the columns of optional numbers: pandas writes missing numbers so."""
    for number, mapped in enumerate(mapping):
        field = entity.by_contract_name.get(mapped.key) if mapped.kind is ColumnKind.FIELD else None
        column: Any = batch.column(number)
        if field is None or field.is_required or field.column.type not in _NUMBERS:
            continue
        if pa.types.is_float32(column.type) or pa.types.is_float64(column.type):
            is_nan = pc.and_kleene(pc.is_valid(column), pc.is_nan(column))
            if pc.any(is_nan).as_py():
                note(f"NaN in the column of `{mapped.key}`, read as absent")
                absent = pc.if_else(is_nan, pa.scalar(None, column.type), column)
                batch = batch.set_column(number, batch.schema.field(number).name, absent)
    return batch


def _string_bytes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the number of bytes in each row's strings; other values are short."""
    sizes = np.zeros(len(batch), np.int64)
    for column in batch.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            strings: Any = column
            sizes += pc.fill_null(pc.binary_length(strings), 0).to_numpy()
    return sizes


def _is_valid(column: ArrowColumn) -> bool:
    """Return whether the strings of a column are UTF-8, which Arrow's Parquet reader does not check.

    Raises:
        pyarrow.ArrowInvalid: If a column of another type is invalid.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            raise
        return False
    return True


def _decode_bytes(column: ArrowColumn) -> tuple[ArrowColumn, list[int]]:
    """Decode bytes as UTF-8, because most columns without a declared string type contain text.

    Other bytes become hexadecimal digits. Return the rows that have such bytes too.
    """
    delivered = column.cast(pa.large_binary())
    try:
        return delivered.cast(pa.large_string()), []
    except pa.ArrowInvalid:
        pass
    strings: list[str | None] = []
    other_bytes: list[int] = []
    for row, value in enumerate(delivered.to_pylist()):
        try:
            strings.append(None if value is None else value.decode())
        except UnicodeDecodeError as error:
            other_bytes.append(row)
            strings.append(error.object.hex())
    return pa.array(strings, pa.string()), other_bytes
