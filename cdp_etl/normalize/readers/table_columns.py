"""Columns of CSV and Parquet files in the form that the fast path expects.

Each field of the entity becomes a column. Columns of no field are combined as JSON, as the reference path writes
it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import WHITESPACE
from cdp_etl.normalize.fast_path.arrow_buffers import text_buffers, text_series
from cdp_etl.normalize.jit.canonical_json import WRITER_SCRATCH_WORDS, write_objects
from cdp_etl.normalize.jit.raw_memory import address_of
from cdp_etl.normalize.readers.column_mapping import ColumnKind, MappedColumn
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, ColumnBatch
from cdp_etl.normalize.reference_path import IGNORED_UPDATE_CFS_KEY

_NEEDS_ESCAPE: Final = r'["\\\x00-\x1f]'
_MAX_OTHER_COLUMNS: Final = 60
"""Columns of no field that the fast path supports: each is one bit of a 64-bit mask."""
_OTHER_KINDS: Final = frozenset({ColumnKind.CUSTOM, ColumnKind.EXTRA})

TOO_MANY_COLUMNS: Final = "record: too many columns of no field"
"""Cause for which all rows of a file go to the reference path."""


def has_too_many_columns(mapping: Sequence[MappedColumn]) -> bool:
    """Return whether a file has more columns of no field than the fast path supports."""
    return sum(mapped.kind in _OTHER_KINDS for mapped in mapping) > _MAX_OTHER_COLUMNS


def with_json_strings(frame: pl.DataFrame, name: str, key: str, unsupported: Counter[str]) -> pl.DataFrame:
    """Convert a column of text to JSON strings, blank ones to null; rows that need an escape are dropped."""
    text = pl.col(name)
    needs_escape = text.str.contains(_NEEDS_ESCAPE).fill_null(value=False)
    supported = frame.filter(~needs_escape)
    unsupported[f"{key}: characters that JSON escapes"] += len(frame) - len(supported)
    is_blank = text.str.strip_chars(WHITESPACE).str.len_bytes() == 0
    json_strings = pl.concat_str(pl.lit('"'), text, pl.lit('"'))
    return supported.with_columns(pl.when(~is_blank).then(json_strings).alias(name))


def with_json_objects(frame: pl.DataFrame, name: str, key: str, unsupported: Counter[str]) -> pl.DataFrame:
    """Rewrite a column of JSON objects compactly; rows with any other text are dropped."""
    text = frame[name]
    is_blank = (text.str.strip_chars(WHITESPACE).str.len_bytes() == 0).fill_null(value=True)
    objects = _canonical_objects(text)
    is_supported = is_blank | objects.is_not_null()
    unsupported[f"{key}: unsupported form of object"] += int((~is_supported).sum())
    return frame.with_columns(objects.alias(name)).filter(is_supported)


def _canonical_objects(strings: pl.Series) -> pl.Series:
    """Return JSON objects as `strict_json.serialize` writes them, and null for any other string."""
    buffers = text_buffers(strings)
    output = np.empty(buffers.data_bytes + 1, np.uint8)
    offsets, is_object = np.zeros(len(buffers) + 1, np.int64), np.zeros(len(buffers), np.bool_)
    scratch = np.empty(WRITER_SCRATCH_WORDS, np.int64)
    write_objects(
        address_of(buffers.data),
        address_of(buffers.offsets),
        len(buffers),
        address_of(output),
        address_of(offsets[1:]),
        address_of(is_object),
        address_of(scratch),
    )
    return text_series(offsets, output, is_object)


def table_columns(
    entity: Entity, mapping: Sequence[MappedColumn], frame: pl.DataFrame, unsupported: Counter[str]
) -> ColumnBatch:
    """Return a table's rows as a column batch.

    Args:
        entity: The entity of the rows.
        mapping: The mapping of the frame's columns, in order; `row` follows them. Not too many are of no field.
        frame: Columns of fields as delivered; the others as JSON text, null if absent.
        unsupported: Number of rows that are not in the frame, by cause.
    """
    column = dict(zip((mapped.key for mapped in mapping), frame.columns, strict=False))
    named = [
        (pl.col(column[key]) if key in column else pl.lit(None, pl.String())).alias(name)
        for name, key in (
            *((field.name, field.contract_name) for field in entity.fields),
            ("ignored_update_cfs", IGNORED_UPDATE_CFS_KEY),
        )
    ]
    custom = [mapped.key for mapped in mapping if mapped.kind is ColumnKind.CUSTOM]
    others = [mapped.key for mapped in mapping if mapped.kind in _OTHER_KINDS]
    extra = [key for key in others if key not in custom]
    bits = [pl.col(column[key]).is_not_null().cast(pl.Int64()) * (1 << bit) for bit, key in enumerate(others)]
    mask = frame.select(pl.sum_horizontal(*bits, pl.col(ROW) * 0).alias("mask"))["mask"]
    masks = mask.unique(maintain_order=True)
    index = {value: number for number, value in enumerate(masks)}
    columns = frame.select(
        ROW,
        mask.replace_strict(index, return_dtype=pl.Int64()).alias(OTHER_KEYS),
        *named,
        _combine(custom, column).alias("custom_fields"),
        _combine(extra, column).alias("extra_fields"),
    )
    key_sets = [tuple(key for bit, key in enumerate(others) if value >> bit & 1) for value in masks]
    return ColumnBatch(columns, key_sets or [()], dict(unsupported))


def _combine(keys: Sequence[str], column: dict[str, str]) -> pl.Expr:
    """Combine the non-null values of some columns as one JSON object, null if all are null."""
    if not keys:
        return pl.lit(None, pl.String())
    members = [pl.lit(f"{strict_json.serialize(key)}:") + pl.col(column[key]) for key in keys]
    inner = pl.concat_str(members, separator=",", ignore_nulls=True)
    is_any = pl.any_horizontal(pl.col(column[key]).is_not_null() for key in keys)
    return pl.when(is_any).then(pl.concat_str(pl.lit("{"), inner, pl.lit("}")))
