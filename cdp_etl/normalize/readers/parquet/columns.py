"""Parquet columns made ready for the fast lane, each by its own type and the field's.

A column whose type says the same as the contract's stays as it is; one that can be written as text that means the
same is; rows with a value that neither can hold are left to the exact lane. Put here nothing about files.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl
import pyarrow as pa

from cdp_etl.contract import strict_json
from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import WHITE_SPACE
from cdp_etl.normalize.fast_path.text_columns import MAY_COMPOSE
from cdp_etl.normalize.readers.column_mapping import Header, Kind
from cdp_etl.normalize.readers.parquet.values import Column, as_json
from cdp_etl.normalize.readers.table_columns import table_columns, with_written_objects, with_written_texts
from cdp_etl.normalize.record_batch import ROW, Columns

_WHOLE: Final = frozenset({ContractType.INTEGER, ContractType.LONG, ContractType.TIMESTAMP})
_EXACT_IN_DOUBLE: Final = 2**53
"""Up to here every whole number has a floating-point number of its own."""


def parquet_columns(
    entity: Entity,
    headers: Sequence[Header],
    batch: pa.RecordBatch,
    refused: Sequence[int],
) -> Columns:
    """Give the rows of a batch as columns."""
    left = Counter({"record: not UTF-8, or too long": len(refused)})
    kinds = {name: field.column.type for name, field in entity.by_contract_name.items()}
    names = [f"column {number}" for number in range(len(headers))]
    frame = pl.DataFrame({ROW: pl.Series(range(len(batch)), dtype=pl.Int64())})
    is_good = ~frame[ROW].is_in(refused)
    texts: list[tuple[Header, str]] = []
    for header, name, column in zip(headers, names, batch.columns, strict=True):
        if header.kind in {Kind.FIELD, Kind.IGNORED}:
            values, is_held = _of_field(column, kinds.get(header.name, ContractType.LIST))
            left[f"{header.name}: {column.type} not plainly held"] += int((~is_held).sum())
            is_good &= is_held
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            values = pl.Series(column)
            texts.append((header, name))
        else:
            values, is_held = _written(column, needs_object=header.kind is Kind.CUSTOM)
            left[f"{header.name}: {column.type} where an object is expected"] += int((~is_held).sum())
            is_good &= is_held
        frame = frame.with_columns(values.alias(name))
    frame = frame.filter(is_good).select(*names, ROW)
    for header, name in texts:
        if header.kind is Kind.CUSTOM:
            frame = with_written_objects(frame, name, header.name, left)
        else:
            frame = with_written_texts(frame, name, header.name, left)
    return table_columns(entity, headers, frame, left)


def _is_list_of_texts(kept: pa.DataType) -> bool:
    if not (pa.types.is_list(kept) or pa.types.is_large_list(kept)):
        return False
    return pa.types.is_string(kept.value_type) or pa.types.is_large_string(kept.value_type)


def _of_field(  # noqa: PLR0911 - one a type
    column: Column, kind: ContractType
) -> tuple[pl.Series, pl.Series]:
    """Give a field's column as the fast lane can read it, and which values it holds."""
    kept = column.type
    if pa.types.is_string(kept) or pa.types.is_large_string(kept):
        return _all(pl.Series(column))
    if pa.types.is_integer(kept):
        series = pl.Series(column)
        is_typed = kind in _WHOLE and series.dtype != pl.UInt64()
        return _all(series.cast(pl.Int64() if is_typed else pl.String()))
    if pa.types.is_floating(kept):
        return _of_float(pl.Series(column.cast(pa.float64())), kind)
    if pa.types.is_decimal128(kept) and (kind in _WHOLE or kind is ContractType.DOUBLE):
        return _all(pl.Series(column).cast(pl.String()))
    if pa.types.is_boolean(kept) and kind is ContractType.BOOLEAN:
        return _all(pl.Series(column))
    if pa.types.is_timestamp(kept) and kind is ContractType.TIMESTAMP:
        return _all(pl.Series(column))
    if _is_list_of_texts(kept) and kind is ContractType.LIST:
        return _of_list(pl.Series(column))
    return _none(column)


def _all(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    return series, pl.Series([True]).new_from_index(0, len(series))


def _none(column: Column) -> tuple[pl.Series, pl.Series]:
    """Give a column that holds only what is absent."""
    return pl.Series([None], dtype=pl.String()).new_from_index(0, len(column)), pl.Series(column.is_null())


def _of_float(series: pl.Series, kind: ContractType) -> tuple[pl.Series, pl.Series]:
    """Whole numbers in floating point are a common export of integers with gaps."""
    if kind is ContractType.DOUBLE:
        return _all(series)
    if kind not in _WHOLE and kind is not ContractType.STRING:
        return pl.Series([None], dtype=pl.String()).new_from_index(0, len(series)), series.is_null()
    is_whole = (series == series.floor()) & (series.abs() < _EXACT_IN_DOUBLE)
    whole = series.set(~is_whole.fill_null(value=False), None).cast(pl.Int64())
    return whole if kind in _WHOLE else whole.cast(pl.String()), series.is_null() | is_whole.fill_null(value=False)


def _of_list(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Trim the texts of lists, and drop what is null or blank."""
    text = pl.element().str.strip_chars(WHITE_SPACE)
    read = series.list.eval(text.filter(text.str.len_bytes() > 0))
    is_composed = ~read.list.eval(pl.element().str.contains(MAY_COMPOSE)).list.any()
    return read, series.is_null() | is_composed


def _written(column: Column, *, needs_object: bool) -> tuple[pl.Series, pl.Series]:
    """Write a column of no field as JSON; what the contract wants to be an object and is none is not held."""
    if pa.types.is_integer(column.type) and not needs_object:
        return _all(pl.Series(column).cast(pl.String()))
    written: list[str | None] = []
    is_held: list[bool] = []
    for value in column.to_pylist():
        told = as_json(value)
        is_held.append(value is None or not needs_object or isinstance(told, dict))
        written.append(None if value is None else strict_json.write(told))
    return pl.Series(written, dtype=pl.String()), pl.Series(is_held, dtype=pl.Boolean())
