"""Normalization of one batch: validate its records by both paths, derive columns, write the part files.

Batches are independent, so several run in parallel. `normalize.py` does what needs the whole dump.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.record_key import raw_record_key
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, validated_columns
from cdp_etl.normalize.counts import RecordCounts
from cdp_etl.normalize.dedup.key_spill import KEY_ENTRY, QUARANTINED_INDEX, KeyEntries, delivery_positions
from cdp_etl.normalize.derive import SOURCE_FILE, SOURCE_POSITION, derive_columns, key_hashes
from cdp_etl.normalize.fast_path.validate import validate_columns
from cdp_etl.normalize.grouped_numbers import grouped_numbers
from cdp_etl.normalize.lake.part_files import PartFolder
from cdp_etl.normalize.readers.csv.rows import CsvRows
from cdp_etl.normalize.readers.folder_values import RowsInFolders, differing_records
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, RecordBatch
from cdp_etl.normalize.reference_path import IGNORED_UPDATE_CFS_KEY, Quarantined, validate_record

_MAX_SCRATCH_FILES: Final = 100
"""Number of batches that may be written uncompressed: about 4 GiB of disk."""

_MAX_REPEATED_KEYS: Final = 3
_MAX_REPEATED_LENGTH: Final = 100
_MAX_REPEATED: Final = 10_000
"""Which quarantined records are remembered within a batch: with few keys, short, and this number of them."""


@dataclass(frozen=True, slots=True)
class BatchContext:
    """Objects that all batches of a dump share.

    Attributes:
        entity: The entity of the dump.
        validation: Settings and dump date for the validation of records.
        staged: Folder for the valid records.
        quarantined: Folder for the quarantined records.
    """

    entity: Entity
    validation: ValidationContext
    staged: PartFolder
    quarantined: PartFolder


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Result of one batch.

    Attributes:
        counts: Counts of the batch's records.
        keys: Key entries of all records that have a key, quarantined ones included.
    """

    counts: RecordCounts
    keys: KeyEntries


@dataclass(slots=True)
class _ReferencePathResult:
    """Result of the reference path for the records that the fast path does not support.

    Attributes:
        rows: Values of accepted records, by column.
        quarantined: Row, reasons and key of each quarantined record; the key is None if it is unreadable.
        key_sets: Number of accepted records by their set of keys that the contract does not list.
    """

    rows: list[dict[str, Any]]
    quarantined: list[tuple[int, tuple[str, ...], str | None]]
    key_sets: Counter[tuple[str, ...]]


def normalize_batch(context: BatchContext, batch: RecordBatch, number: int) -> BatchResult:
    """Validate the records of a batch and write them.

    Args:
        context: Objects that all batches of the dump share.
        batch: The records.
        number: Number of the batch in the order of delivery.

    Raises:
        DumpUnreadableError: If a record shows that its file cannot be read.
    """
    entity = context.entity
    count = len(batch.positions)
    columns = batch.columns()
    fast = validate_columns(entity, columns, context.validation)
    is_unsupported = np.ones(count, np.bool_)
    is_unsupported[fast.frame[ROW].to_numpy()] = False
    reference = _validate_by_reference_path(context, batch, np.flatnonzero(is_unsupported).tolist())
    valid = _combine(entity, fast.frame, reference.rows)
    rows = valid[ROW].to_numpy()
    lake = derive_columns(
        entity,
        valid.with_columns(
            pl.lit(batch.file).alias(SOURCE_FILE), pl.Series(SOURCE_POSITION, batch.positions[rows])
        ),
        context.validation.settings,
        context.validation.dump_date,
    )
    keys = _key_entries(number, lake, rows, reference)
    # A batch with a repeated key is written again when duplicates are resolved, so its first file is temporary.
    if number < _MAX_SCRATCH_FILES and len(np.unique(keys["hash"])) < len(keys):
        context.staged.write_scratch(number, lake)
    else:
        context.staged.write(number, lake)
    context.quarantined.write(number, _quarantine_rows(context, batch, reference))
    counts = RecordCounts(
        max_distinct=context.validation.settings.max_distinct_counted,
        records=count,
        quarantined=len(reference.quarantined),
        records_by_file=Counter({batch.file: count}),
        reference_path_records=int(is_unsupported.sum()),
        reference_path_causes=+Counter(fast.unsupported),
    )
    delivered = batch.rows if isinstance(batch, RowsInFolders) else batch
    if isinstance(delivered, CsvRows) and reference.quarantined:
        counts.csv_fields[batch.file] = delivered.field_names()
        if delivered.delimiter != b",":
            counts.csv_delimiters[batch.file] = delivered.delimiter.decode()
    counts.number_texts = {(batch.file, name): looks for name, looks in grouped_numbers(entity, columns).items()}
    counts.count_valid(entity, lake)
    if isinstance(batch, RowsInFolders):
        counts.differing_from_folder = differing_records(entity, batch.texts, lake)
    for reasons, records in Counter(reasons for _, reasons, _ in reference.quarantined).items():
        counts.count_reasons(reasons, records)
    by_set = fast.frame[OTHER_KEYS].value_counts().sort(OTHER_KEYS).iter_rows()
    counts.count_keys((columns.other_keys[index], records) for index, records in by_set)
    counts.count_keys(reference.key_sets.items())
    return BatchResult(counts, keys)


def _validate_by_reference_path(
    context: BatchContext, batch: RecordBatch, rows: list[int]
) -> _ReferencePathResult:
    known = {*context.entity.by_contract_name, IGNORED_UPDATE_CFS_KEY}
    result = _ReferencePathResult([], [], Counter())
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # all records of a batch may have the same reasons
    repeated: dict[str, tuple[Quarantined, str | None]] = {}

    def quarantine(row: int, quarantined: Quarantined, key: str | None) -> None:
        reasons = tuple(quarantined.reasons)
        result.quarantined.append((row, shared.setdefault(reasons, reasons), key))

    for row in rows:
        record = batch.record(row)
        if isinstance(record, Quarantined):
            quarantine(row, record, None)
            continue
        # A flood of the shortest records, such as `{}`, would cost most per byte: equal ones are validated once.
        text = repr(record) if len(record) <= _MAX_REPEATED_KEYS else ""
        if text in repeated:
            quarantine(row, *repeated[text])
            continue
        validated = validate_record(context.entity, record, context.validation)
        if isinstance(validated, Quarantined):
            key = raw_record_key(context.entity, record, context.validation.settings)
            quarantine(row, validated, key)
            if 0 < len(text) <= _MAX_REPEATED_LENGTH and len(repeated) < _MAX_REPEATED:
                repeated[text] = validated, key
        else:
            result.rows.append({ROW: row, **validated.row})
            result.key_sets[tuple(key for key in record if key not in known)] += 1
    return result


def _combine(entity: Entity, fast: pl.DataFrame, reference: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the valid records of both paths; those of the reference path come last."""
    columns = {ROW: pl.Int64(), **polars_schema(validated_columns(entity))}
    fast = fast.select(columns.keys())
    if not reference:
        return fast
    return pl.concat([fast, pl.DataFrame([_column(name, dtype, reference) for name, dtype in columns.items()])])


def _column(name: str, dtype: pl.DataType, rows: list[dict[str, Any]]) -> pl.Series:
    values = [row[name] for row in rows]
    if dtype == pl.List(pl.String()):  # by Arrow, because polars builds a series for each list
        return pl.Series(name, pa.array(values, pa.list_(pa.string()))).cast(dtype)
    return pl.Series(name, values, dtype)


def _quarantine_rows(context: BatchContext, batch: RecordBatch, result: _ReferencePathResult) -> pl.DataFrame:
    rows = np.array([row for row, _, _ in result.quarantined], np.int64)
    # Lists of strings by Arrow, because polars builds a series for each list.
    frame = pl.DataFrame(
        {
            SOURCE_POSITION: pl.Series(batch.positions[rows]),
            "reasons": pl.Series(
                pa.array([reasons for _, reasons, _ in result.quarantined], pa.list_(pa.string()))
            ),
            "raw": pl.Series(pa.array([batch.raw(row) for row in rows.tolist()], pa.binary())),
        }
    ).with_columns(
        pl.lit(context.entity.table).alias("entity"),
        pl.lit(context.validation.dump_date).alias("dump_date"),
        pl.lit(batch.file).alias(SOURCE_FILE),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in polars_schema(QUARANTINE_COLUMNS).items())


def _key_entries(
    number: int,
    lake: pl.DataFrame,
    rows: np.ndarray[Any, np.dtype[np.int64]],
    result: _ReferencePathResult,
) -> KeyEntries:
    quarantined = [(row, key) for row, _, key in result.quarantined if key is not None]
    entries = np.zeros(len(lake) + len(quarantined), KEY_ENTRY)
    entries["hash"][: len(lake)] = lake["key_hash"].to_numpy()
    entries["position"][: len(lake)] = delivery_positions(number, rows)
    entries["index"][: len(lake)] = np.arange(len(lake))
    if quarantined:
        hashes = key_hashes(pl.Series([key for _, key in quarantined], dtype=pl.String()))
        entries["hash"][len(lake) :] = hashes.to_numpy()
        entries["position"][len(lake) :] = delivery_positions(
            number, np.array([row for row, _ in quarantined], np.int64)
        )
        entries["index"][len(lake) :] = QUARANTINED_INDEX
    return entries
