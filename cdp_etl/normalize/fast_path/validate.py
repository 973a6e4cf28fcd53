"""The fast lane: the records of a batch that are plainly good, judged by columns.

It takes a record only where it can give exactly what the exact lane would; whatever it does not take, the exact
lane judges. So a fault here may cost speed, never a record. Put here which records are taken; how a type is read
stands in `fast_values.py`.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from cdp_etl.contract.base_record import CONTACT_SUBJECT, JudgeContext
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import first_moment_refused
from cdp_etl.contract.parsers import REQUIRED
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import IGNORED_UPDATE_CFS, judged_columns
from cdp_etl.normalize.exact_path import IGNORED_NOT_SUPPORTED
from cdp_etl.normalize.fast_path.parsers import ColumnClock, read_column, read_moments, shift_of
from cdp_etl.normalize.fast_path.text_columns import trimmed_texts
from cdp_etl.normalize.readers.json import envelope
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, Columns, as_text

_IGNORED: Final = IGNORED_UPDATE_CFS.name
_IGNORED_COLUMN: Final = Col(ContractType.LIST, IGNORED_UPDATE_CFS.description)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the fast lane took.

    Attributes:
        frame: `row`, `other_keys` and the `judged_columns` of each record taken, in order.
        left: How many records it left to the exact lane, by cause: the first that was found.
    """

    frame: pl.DataFrame
    left: dict[str, int]


def take(entity: Entity, columns: Columns, context: JudgeContext) -> Taken:
    """Take the records that are plainly good."""
    delivered = columns.frame if columns.is_trimmed else _trimmed(entity, columns.frame)
    read = _read(entity, delivered, context)
    faults = read.select(fault.alias(cause) for cause, fault in _faults(entity, read.columns).items())
    is_left = faults.select(pl.any_horizontal(pl.all())).to_series()
    left = Counter(columns.left)
    for row in faults.filter(is_left).iter_rows():
        left[faults.columns[row.index(True)]] += 1
    taken = read.filter(~is_left).select(ROW, OTHER_KEYS, *polars_schema(judged_columns(entity)))
    return Taken(taken, dict(left))


def _trimmed(entity: Entity, frame: pl.DataFrame) -> pl.DataFrame:
    names = [*(field.name for field in entity.fields), _IGNORED]
    return frame.with_columns(trimmed_texts(frame[name]) for name in names if frame.schema[name] == pl.String())


def _read(entity: Entity, delivered: pl.DataFrame, context: JudgeContext) -> pl.DataFrame:
    """Read every column as its type; beside each stands whether it is there but was not read."""
    columns = {field.name: field.column for field in entity.fields} | {_IGNORED: _IGNORED_COLUMN}
    moments = {field.name for field in entity.timestamps}
    read = {name: read_column(delivered[name], columns[name]) for name in columns if name not in moments}
    clock = ColumnClock(
        shift=shift_of(read["timezone_gmt"]),
        epoch_is_utc=read["system_name"].is_in(sorted(context.rules.epoch_is_utc)).fill_null(value=False),
        first_refused=first_moment_refused(context.dump_date),
    )
    texts = {name: delivered[as_text(name)] for name in moments if as_text(name) in delivered.columns}
    read |= {name: read_moments(delivered[name], clock, texts.get(name)) for name in moments}
    defaults = {
        field.name: read[field.name].fill_null(field.default)
        for field in entity.fields
        if field.default is not None
    }
    is_odd = {
        _odd(name): delivered[name].is_not_null() & read[name].is_null()
        for name in columns
        if name not in texts and delivered[name].null_count() != read[name].null_count()
    } | {
        _odd(name): (delivered[name].is_not_null() | text.is_not_null()) & read[name].is_null()
        for name, text in texts.items()
    }
    return delivered.with_columns(**(read | defaults | is_odd)).with_columns(_warnings(entity))


def _odd(name: str) -> str:
    return f"odd {name}"


def _warnings(entity: Entity) -> pl.Expr:
    none = pl.lit([], pl.List(pl.String()))
    if entity.supports_ignored_update_cfs:
        return none.alias("warnings")
    told = pl.lit([IGNORED_NOT_SUPPORTED], pl.List(pl.String()))
    return pl.when(pl.col(_IGNORED).is_not_null()).then(told).otherwise(none).alias("warnings")


def _faults(entity: Entity, columns: Collection[str]) -> dict[str, pl.Expr]:
    """Say for each cause which records the fast lane does not take because of it."""
    is_deleted = pl.col("record_status") == "Deleted"
    faults: dict[str, pl.Expr] = {}
    for field in entity.fields:
        if _odd(field.name) in columns:
            faults[f"{field.contract_name}: not plainly a {field.column.type}"] = pl.col(_odd(field.name))
        if field.is_required:
            is_free = pl.lit(value=False) if field.name == entity.own_id else is_deleted
            faults[f"{field.contract_name}: {REQUIRED}"] = pl.col(field.name).is_null() & ~is_free
    if _odd(_IGNORED) in columns:
        faults[f"{envelope.IGNORED_UPDATE_CFS}: not plainly a {ContractType.LIST}"] = pl.col(_odd(_IGNORED))
    if entity.has_customer:
        has_none = pl.col("customer_phone").is_null() & pl.col("customer_email").is_null()
        faults[f"{CONTACT_SUBJECT}: {REQUIRED}"] = has_none & ~is_deleted
    return {cause: fault.fill_null(value=True) for cause, fault in faults.items()}
