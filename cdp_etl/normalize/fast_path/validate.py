"""Fast path: validation of a batch by columns, for records that are simple and valid.

Every record whose result may differ from the reference path goes to the reference path. A mistake in this choice
may therefore cost speed, but no record. `parsers.py` parses the columns.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from cdp_etl.contract.base_record import CONTACT_SUBJECT, ValidationContext
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.normalization_settings import timestamp_upper_bound
from cdp_etl.contract.parsers import REQUIRED
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import IGNORED_UPDATE_CFS, validated_columns
from cdp_etl.normalize.fast_path.parsers import (
    ColumnTimestampContext,
    parse_column,
    parse_timestamps,
    timezone_shift,
)
from cdp_etl.normalize.fast_path.text_columns import rows_with_marks, trim_strings
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, ColumnBatch, as_text
from cdp_etl.normalize.reference_path import IGNORED_NOT_SUPPORTED, IGNORED_UPDATE_CFS_KEY

_IGNORED: Final = IGNORED_UPDATE_CFS.name
_IGNORED_COLUMN: Final = Col(ContractType.LIST, IGNORED_UPDATE_CFS.description)


@dataclass(frozen=True, slots=True)
class FastPathResult:
    """Result of the fast path.

    Attributes:
        frame: `row`, `other_keys` and the `validated_columns` of each validated record, in order.
        unsupported: Number of records left to the reference path, by the first cause found.
    """

    frame: pl.DataFrame
    unsupported: dict[str, int]


def validate_columns(entity: Entity, columns: ColumnBatch, context: ValidationContext) -> FastPathResult:
    """Validate the records that the fast path supports."""
    unsupported = Counter(columns.unsupported)
    delivered = _without_two_spellings(entity, columns, unsupported)
    trimmed = delivered if columns.is_trimmed else _trimmed(entity, delivered)
    parsed = _parse(entity, trimmed, context)
    if columns.may_have_marks:
        parsed = parsed.with_columns(_marks(entity, trimmed))
    faults = parsed.select(fault.alias(cause) for cause, fault in _causes(entity, parsed.columns).items())
    is_unsupported = faults.select(pl.any_horizontal(pl.all())).to_series()
    for row in faults.filter(is_unsupported).iter_rows():
        unsupported[faults.columns[row.index(True)]] += 1
    valid = parsed.filter(~is_unsupported).select(ROW, OTHER_KEYS, *polars_schema(validated_columns(entity)))
    return FastPathResult(valid, dict(unsupported))


def _without_two_spellings(entity: Entity, columns: ColumnBatch, unsupported: Counter[str]) -> pl.DataFrame:
    """Return the records of which no unknown key names a field in another spelling."""
    contested = [
        index
        for index, keys in enumerate(columns.other_keys)
        if any(key in entity.by_contract_name or named_field(entity, key) for key in keys)
    ]
    if not contested:
        return columns.frame
    supported = columns.frame.filter(~pl.col(OTHER_KEYS).is_in(contested))
    unsupported["record: a field in two spellings"] += len(columns.frame) - len(supported)
    return supported


def _trimmed(entity: Entity, frame: pl.DataFrame) -> pl.DataFrame:
    names = [*(field.name for field in entity.fields), _IGNORED]
    return frame.with_columns(trim_strings(frame[name]) for name in names if frame.schema[name] == pl.String())


def _parse(entity: Entity, delivered: pl.DataFrame, context: ValidationContext) -> pl.DataFrame:
    """Parse every column as its type, and mark the values that were delivered but not parsed."""
    columns = {field.name: field.column for field in entity.fields} | {_IGNORED: _IGNORED_COLUMN}
    timestamps = {field.name for field in entity.timestamps}
    parsed = {name: parse_column(delivered[name], columns[name]) for name in columns if name not in timestamps}
    timestamp_context = ColumnTimestampContext(
        shift=timezone_shift(parsed["timezone_gmt"]),
        epoch_is_utc=parsed["system_name"].is_in(sorted(context.settings.epoch_is_utc)).fill_null(value=False),
        upper_bound=timestamp_upper_bound(context.dump_date),
    )
    texts = {name: delivered[as_text(name)] for name in timestamps if as_text(name) in delivered.columns}
    parsed |= {name: parse_timestamps(delivered[name], timestamp_context, texts.get(name)) for name in timestamps}
    defaults = {
        field.name: parsed[field.name].fill_null(field.default)
        for field in entity.fields
        if field.default is not None
    }
    is_unparsed = {
        _unparsed(name): delivered[name].is_not_null() & parsed[name].is_null()
        for name in columns
        if name not in texts and delivered[name].null_count() != parsed[name].null_count()
    } | {
        _unparsed(name): (delivered[name].is_not_null() | text.is_not_null()) & parsed[name].is_null()
        for name, text in texts.items()
    }
    return delivered.with_columns(**(parsed | defaults | is_unparsed)).with_columns(_warnings(entity))


def _marks(entity: Entity, delivered: pl.DataFrame) -> list[pl.Series]:
    """Return for each id or contact with invisible marks which of its values have one."""
    marks: list[pl.Series] = []
    for field in entity.exact_fields:
        if delivered.schema[field.name] == pl.String():
            found = rows_with_marks(delivered[field.name])
            if found is not None:
                marks.append(found.alias(_marked(field.name)))
    return marks


def _marked(name: str) -> str:
    return f"marks in {name}"


def _unparsed(name: str) -> str:
    return f"unparsed {name}"


def _warnings(entity: Entity) -> pl.Expr:
    none = pl.lit([], pl.List(pl.String()))
    if entity.supports_ignored_update_cfs:
        return none.alias("warnings")
    warning = pl.lit([IGNORED_NOT_SUPPORTED], pl.List(pl.String()))
    return pl.when(pl.col(_IGNORED).is_not_null()).then(warning).otherwise(none).alias("warnings")


def _causes(entity: Entity, columns: Collection[str]) -> dict[str, pl.Expr]:
    """Return for each cause an expression that selects the unsupported records."""
    is_deleted = pl.col("record_status") == "Deleted"
    causes: dict[str, pl.Expr] = {}
    for field in entity.fields:
        if _unparsed(field.name) in columns:
            causes[f"{field.contract_name}: unsupported form of {field.column.type}"] = pl.col(
                _unparsed(field.name)
            )
        if _marked(field.name) in columns:
            causes[f"{field.contract_name}: invisible marks"] = pl.col(_marked(field.name))
        if field.is_required:
            is_optional = pl.lit(value=False) if field.name == entity.own_id else is_deleted
            causes[f"{field.contract_name}: {REQUIRED}"] = pl.col(field.name).is_null() & ~is_optional
    if _unparsed(_IGNORED) in columns:
        causes[f"{IGNORED_UPDATE_CFS_KEY}: unsupported form of {ContractType.LIST}"] = pl.col(_unparsed(_IGNORED))
    if entity.has_customer:
        has_none = pl.col("customer_phone").is_null() & pl.col("customer_email").is_null()
        causes[f"{CONTACT_SUBJECT}: {REQUIRED}"] = has_none & ~is_deleted
    return {cause: fault.fill_null(value=True) for cause, fault in causes.items()}
