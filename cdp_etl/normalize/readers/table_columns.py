"""Columns of CSV and Parquet files made ready for the fast lane.

Put here what both formats share: a column for each field, and the columns of no field put together as JSON, as the
exact lane would write them.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.parsers import WHITE_SPACE
from cdp_etl.normalize.fast_path.arrow_buffers import memory_of, texts_at
from cdp_etl.normalize.jit.canonical_json import SPACE_NEEDED, write_objects
from cdp_etl.normalize.readers.column_mapping import Header, Kind
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, Columns

_NEEDS_ESCAPE: Final = r'["\\\x00-\x1f]'
_MOST_OTHER_COLUMNS: Final = 60
"""Columns of no field that the fast lane puts together; a bit of one number stands for each."""


def with_written_texts(frame: pl.DataFrame, name: str, key: str, left: Counter[str]) -> pl.DataFrame:
    """Write a column of text as JSON strings, blank ones as absent; rows that need an escape are left out."""
    text = pl.col(name)
    is_odd = text.str.contains(_NEEDS_ESCAPE).fill_null(value=False)
    kept = frame.filter(~is_odd)
    left[f"{key}: not written plainly"] += len(frame) - len(kept)
    is_absent = text.str.strip_chars(WHITE_SPACE).str.len_bytes() == 0
    written = pl.concat_str(pl.lit('"'), text, pl.lit('"'))
    return kept.with_columns(pl.when(~is_absent).then(written).alias(name))


def with_written_objects(frame: pl.DataFrame, name: str, key: str, left: Counter[str]) -> pl.DataFrame:
    """Write a column of the texts of JSON objects compactly; rows with any other text are left out."""
    text = frame[name]
    is_absent = (text.str.strip_chars(WHITE_SPACE).str.len_bytes() == 0).fill_null(value=True)
    written = _written(text)
    is_good = is_absent | written.is_not_null()
    left[f"{key}: not written plainly"] += int((~is_good).sum())
    return frame.with_columns(written.alias(name)).filter(is_good)


def _written(texts: pl.Series) -> pl.Series:
    """Write those texts that are JSON objects as `strict_json.write` would; the others are null."""
    memory = memory_of(texts)
    written = np.empty(memory.size + 1, np.uint8)
    offsets, is_written = np.zeros(memory.count + 1, np.int64), np.zeros(memory.count, np.bool_)
    work = np.empty(SPACE_NEEDED, np.int64)
    write_objects(
        memory.codes,
        memory.offsets,
        memory.count,
        written.ctypes.data,
        offsets[1:].ctypes.data,
        is_written.ctypes.data,
        work.ctypes.data,
    )
    return texts_at(offsets, written, is_written)


def table_columns(entity: Entity, headers: Sequence[Header], frame: pl.DataFrame, left: Counter[str]) -> Columns:
    """Give a table's rows as the fast lane wants them.

    Args:
        entity: What the rows are of.
        headers: What the frame's columns stand for, in order; `row` comes after them.
        frame: Columns of fields as delivered; the others as JSON text, null where absent.
        left: How many rows are not in the frame, by cause.
    """
    column = dict(zip((header.name for header in headers), frame.columns, strict=False))
    named = [
        (pl.col(column[key]) if key in column else pl.lit(None, pl.String())).alias(name)
        for name, key in (
            *((field.name, field.contract_name) for field in entity.fields),
            ("ignored_update_cfs", "ignoredUpdateCfs"),
        )
    ]
    custom = [header.name for header in headers if header.kind is Kind.CUSTOM]
    others = [header.name for header in headers if header.kind in {Kind.CUSTOM, Kind.EXTRA}]
    extra = [key for key in others if key not in custom]
    if len(others) > _MOST_OTHER_COLUMNS:
        left["record: too many columns of no field"] += len(frame)
        frame = frame.clear()
    bits = [pl.col(column[key]).is_not_null().cast(pl.Int64()) * (1 << bit) for bit, key in enumerate(others[:62])]
    mask = frame.select(pl.sum_horizontal(*bits, pl.col(ROW) * 0).alias("mask"))["mask"]
    masks = mask.unique(maintain_order=True)
    index = {value: number for number, value in enumerate(masks)}
    told = frame.select(
        ROW,
        mask.replace_strict(index, return_dtype=pl.Int64()).alias(OTHER_KEYS),
        *named,
        _object(custom, column).alias("custom_fields"),
        _object(extra, column).alias("extra_fields"),
    )
    sets = [tuple(key for bit, key in enumerate(others) if value >> bit & 1) for value in masks]
    return Columns(told, sets or [()], dict(left))


def _object(keys: Sequence[str], column: dict[str, str]) -> pl.Expr:
    """Put the present ones of some columns together as one JSON object, null where none is."""
    if not keys:
        return pl.lit(None, pl.String())
    members = [pl.lit(f"{strict_json.write(key)}:") + pl.col(column[key]) for key in keys]
    inner = pl.concat_str(members, separator=",", ignore_nulls=True)
    is_any = pl.any_horizontal(pl.col(column[key]).is_not_null() for key in keys)
    return pl.when(is_any).then(pl.concat_str(pl.lit("{"), inner, pl.lit("}")))
