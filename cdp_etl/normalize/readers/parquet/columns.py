"""Parquet columns for the fast path, converted by their own type and the field's.

Columns of the contract's type are used as they are. Others are cast to text if that is lossless. Rows with any
other value go to the reference path.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl
import pyarrow as pa

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import WHITESPACE
from cdp_etl.normalize.nfc import NFC_UNCERTAIN
from cdp_etl.normalize.readers.column_mapping import ColumnKind, MappedColumn
from cdp_etl.normalize.readers.parquet.values import ArrowColumn, as_json, python_values
from cdp_etl.normalize.readers.table_columns import (
    TOO_MANY_COLUMNS,
    has_too_many_columns,
    table_columns,
    with_json_objects,
    with_json_strings,
)
from cdp_etl.normalize.record_batch import ROW, ColumnBatch, empty_columns

_INTEGER_TYPES: Final = frozenset({ContractType.INTEGER, ContractType.LONG, ContractType.TIMESTAMP})
_MAX_EXACT_INTEGER: Final = 2**53
"""Up to this limit every integer has a floating-point number of its own."""


def parquet_columns(
    entity: Entity,
    mapping: Sequence[MappedColumn],
    batch: pa.RecordBatch,
    quarantined: Sequence[int],
) -> ColumnBatch:
    """Return the supported rows of a batch as columns."""
    if has_too_many_columns(mapping):
        return empty_columns(entity, {TOO_MANY_COLUMNS: len(batch)})
    unsupported = Counter({"record: not UTF-8, or too long": len(quarantined)})
    types = {name: field.column.type for name, field in entity.by_contract_name.items()}
    names = [f"column {number}" for number in range(len(mapping))]
    frame = pl.DataFrame({ROW: pl.Series(range(len(batch)), dtype=pl.Int64())})
    is_supported = ~frame[ROW].is_in(quarantined)
    texts: list[tuple[MappedColumn, str]] = []
    for mapped, name, column in zip(mapping, names, batch.columns, strict=True):
        if mapped.kind in {ColumnKind.FIELD, ColumnKind.IGNORED}:
            values, is_lossless = _field_column(column, types.get(mapped.key, ContractType.LIST))
            unsupported[f"{mapped.key}: unsupported value of type {column.type}"] += int((~is_lossless).sum())
            is_supported &= is_lossless
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            values = pl.Series(column)
            texts.append((mapped, name))
        else:
            values, is_lossless = _json_column(column, needs_object=mapped.kind is ColumnKind.CUSTOM)
            unsupported[f"{mapped.key}: {column.type} instead of an object"] += int((~is_lossless).sum())
            is_supported &= is_lossless
        frame = frame.with_columns(values.alias(name))
    frame = frame.filter(is_supported).select(*names, ROW)
    for mapped, name in texts:
        if mapped.kind is ColumnKind.CUSTOM:
            frame = with_json_objects(frame, name, mapped.key, unsupported)
        else:
            frame = with_json_strings(frame, name, mapped.key, unsupported)
    return table_columns(entity, mapping, frame, unsupported)


def _is_list_of_strings(dtype: pa.DataType) -> bool:
    if not (pa.types.is_list(dtype) or pa.types.is_large_list(dtype)):
        return False
    return pa.types.is_string(dtype.value_type) or pa.types.is_large_string(dtype.value_type)


def _field_column(  # noqa: PLR0911 - one a type
    column: ArrowColumn, kind: ContractType
) -> tuple[pl.Series, pl.Series]:
    """Return a field's column for the fast path, and which of its values are lossless."""
    dtype = column.type
    if pa.types.is_string(dtype) or pa.types.is_large_string(dtype):
        return _all_lossless(pl.Series(column))
    if pa.types.is_integer(dtype):
        series = pl.Series(column)
        is_typed = kind in _INTEGER_TYPES and series.dtype != pl.UInt64()
        return _all_lossless(series.cast(pl.Int64() if is_typed else pl.String()))
    if pa.types.is_floating(dtype):
        return _from_floats(pl.Series(column.cast(pa.float64())), kind)
    if pa.types.is_decimal128(dtype) and (kind in _INTEGER_TYPES or kind is ContractType.DOUBLE):
        return _all_lossless(pl.Series(column).cast(pl.String()))
    if pa.types.is_boolean(dtype) and kind is ContractType.BOOLEAN:
        return _all_lossless(pl.Series(column))
    if pa.types.is_timestamp(dtype) and kind is ContractType.TIMESTAMP:
        return _all_lossless(pl.Series(column))
    if _is_list_of_strings(dtype) and kind is ContractType.LIST:
        return _from_lists(pl.Series(column))
    return _nulls(len(column)), pl.Series(column.is_null())


def _all_lossless(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    return series, pl.Series([True]).new_from_index(0, len(series))


def _nulls(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String()).new_from_index(0, count)


def _from_floats(series: pl.Series, kind: ContractType) -> tuple[pl.Series, pl.Series]:
    """Convert integers in floating point, a common export of integer columns with nulls."""
    if kind is ContractType.DOUBLE:
        return _all_lossless(series)
    if kind not in _INTEGER_TYPES and kind is not ContractType.STRING:
        return _nulls(len(series)), series.is_null()
    is_integer = (series == series.floor()) & (series.abs() < _MAX_EXACT_INTEGER)
    integers = series.set(~is_integer.fill_null(value=False), None).cast(pl.Int64())
    is_lossless = series.is_null() | is_integer.fill_null(value=False)
    return integers if kind in _INTEGER_TYPES else integers.cast(pl.String()), is_lossless


def _from_lists(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Trim the strings of lists, and drop null and blank ones."""
    text = pl.element().str.strip_chars(WHITESPACE)
    trimmed = series.list.eval(text.filter(text.str.len_bytes() > 0))
    is_nfc = ~trimmed.list.eval(pl.element().str.contains(NFC_UNCERTAIN)).list.any()
    return trimmed, series.is_null() | is_nfc


def _json_column(column: ArrowColumn, *, needs_object: bool) -> tuple[pl.Series, pl.Series]:
    """Write a column of no field as JSON; a value that is no object is unsupported if the contract needs one."""
    if pa.types.is_integer(column.type) and not needs_object:
        return _all_lossless(pl.Series(column).cast(pl.String()))
    texts: list[str | None] = []
    is_lossless: list[bool] = []
    for value in python_values(column):
        converted = as_json(value)
        is_lossless.append(value is None or not needs_object or isinstance(converted, dict))
        texts.append(None if value is None else strict_json.serialize(converted))
    return pl.Series(texts, dtype=pl.String()), pl.Series(is_lossless, dtype=pl.Boolean())
