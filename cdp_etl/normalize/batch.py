"""One batch of a dump through both lanes, to the files of its outcome.

Put here what is done with a batch, in order; it may run beside other batches. What needs the whole dump is done in
`dump.py`.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from cdp_etl.contract.base_record import JudgeContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.record_key import delivered_key
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, judged_columns
from cdp_etl.normalize.counts import Tally
from cdp_etl.normalize.dedup.key_spill import KEY_ENTRY, REFUSED, KeyEntries, place_of
from cdp_etl.normalize.derive import SOURCE_FILE, SOURCE_POSITION, enrich, key_hashes
from cdp_etl.normalize.exact_path import IGNORED_UPDATE_CFS, Refused, judge
from cdp_etl.normalize.fast_path.judge import take
from cdp_etl.normalize.lake.part_files import PartFolder
from cdp_etl.normalize.record_batch import OTHER_KEYS, ROW, Rows

_MOST_SCRATCH: Final = 100
"""Batches that may be written as they lie in memory: some 4 GiB."""


@dataclass(frozen=True, slots=True)
class BatchJob:
    """What every batch of a dump needs.

    Attributes:
        entity: The entity of the dump.
        context: The rules, and the day of the dump.
        staged: Takes the valid records.
        quarantined: Takes the refused ones.
    """

    entity: Entity
    context: JudgeContext
    staged: PartFolder
    quarantined: PartFolder


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch came to.

    Attributes:
        tally: Its counts.
        keys: The keys of its records, refused ones included where they have one.
    """

    tally: Tally
    keys: KeyEntries


@dataclass(slots=True)
class _ExactlyJudged:
    """What the exact lane came to."""

    rows: list[dict[str, Any]]
    refused: list[tuple[int, tuple[str, ...], str | None]]
    key_sets: Counter[tuple[str, ...]]


def normalize_batch(job: BatchJob, rows: Rows, number: int) -> BatchOutcome:
    """Judge the records of a batch, and write them.

    Args:
        job: What every batch needs.
        rows: The records.
        number: The batch's place in the order of delivery.

    Raises:
        DumpUnreadableError: where a record shows that the file cannot be read.
    """
    entity = job.entity
    count = len(rows.positions)
    columns = rows.columns()
    taken = take(entity, columns, job.context)
    is_left = np.ones(count, np.bool_)
    is_left[taken.frame[ROW].to_numpy()] = False
    exact = _judge_exactly(job, rows, np.flatnonzero(is_left).tolist())
    judged = _joined(entity, taken.frame, exact.rows)
    places = judged[ROW].to_numpy()
    lake = enrich(
        entity,
        judged.with_columns(
            pl.lit(rows.file).alias(SOURCE_FILE), pl.Series(SOURCE_POSITION, rows.positions[places])
        ),
        job.context.rules,
        job.context.dump_date,
    )
    keys = _keys(number, lake, places, exact)
    # A key that comes twice in the batch is settled later, and the batch's file then written again.
    if number < _MOST_SCRATCH and len(np.unique(keys["hash"])) < len(keys):
        job.staged.write_scratch(number, lake)
    else:
        job.staged.write(number, lake)
    job.quarantined.write(number, _quarantine(job, rows, exact))
    tally = Tally(
        records=count,
        quarantined=len(exact.refused),
        records_by_file=Counter({rows.file: count}),
        exact_lane_records=int(is_left.sum()),
        exact_lane_causes=+Counter(taken.left),
    )
    tally.count_valid(entity, lake)
    tally.reasons.update(reason for _, reasons, _ in exact.refused for reason in reasons)
    by_set = taken.frame[OTHER_KEYS].value_counts().iter_rows()
    tally.count_keys((columns.other_keys[index], records) for index, records in by_set)
    tally.count_keys(exact.key_sets.items())
    return BatchOutcome(tally, keys)


def _judge_exactly(job: BatchJob, rows: Rows, left: list[int]) -> _ExactlyJudged:
    known = {*job.entity.by_contract_name, IGNORED_UPDATE_CFS}
    exact = _ExactlyJudged([], [], Counter())
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # a batch may be refused as a whole, for the same reasons

    def refuse(row: int, refused: Refused, key: str | None) -> None:
        reasons = tuple(refused.reasons)
        exact.refused.append((row, shared.setdefault(reasons, reasons), key))

    for row in left:
        record = rows.record(row)
        if isinstance(record, Refused):
            refuse(row, record, None)
            continue
        judged = judge(job.entity, record, job.context)
        if isinstance(judged, Refused):
            refuse(row, judged, delivered_key(job.entity, record, job.context.rules))
        else:
            exact.rows.append({ROW: row, **judged.row})
            exact.key_sets[tuple(key for key in record if key not in known)] += 1
    return exact


def _joined(entity: Entity, taken: pl.DataFrame, exact: list[dict[str, Any]]) -> pl.DataFrame:
    """Put the records of both lanes together; those that the exact lane judged come last."""
    columns = {ROW: pl.Int64(), **polars_schema(judged_columns(entity))}
    taken = taken.select(columns.keys())
    if not exact:
        return taken
    judged = pl.DataFrame([_column(name, kind, exact) for name, kind in columns.items()])
    return pl.concat([taken, judged])


def _column(name: str, kind: pl.DataType, rows: list[dict[str, Any]]) -> pl.Series:
    values = [row[name] for row in rows]
    if kind == pl.List(pl.String()):  # by Arrow: polars makes a series of each list
        return pl.Series(name, pa.array(values, pa.list_(pa.string()))).cast(kind)
    return pl.Series(name, values, kind)


def _quarantine(job: BatchJob, rows: Rows, exact: _ExactlyJudged) -> pl.DataFrame:
    places = np.array([row for row, _, _ in exact.refused], np.int64)
    # Lists of texts by Arrow: polars makes a series of each list.
    frame = pl.DataFrame(
        {
            SOURCE_POSITION: pl.Series(rows.positions[places]),
            "reasons": pl.Series(pa.array([reasons for _, reasons, _ in exact.refused], pa.list_(pa.string()))),
            "raw": pl.Series(pa.array([rows.raw(row) for row in places.tolist()], pa.binary())),
        }
    ).with_columns(
        pl.lit(job.entity.table).alias("entity"),
        pl.lit(job.context.dump_date).alias("dump_date"),
        pl.lit(rows.file).alias(SOURCE_FILE),
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in polars_schema(QUARANTINE_COLUMNS).items())


def _keys(
    number: int,
    lake: pl.DataFrame,
    places: np.ndarray[Any, np.dtype[np.int64]],
    exact: _ExactlyJudged,
) -> KeyEntries:
    refused = [(row, key) for row, _, key in exact.refused if key is not None]
    entries = np.zeros(len(lake) + len(refused), KEY_ENTRY)
    entries["hash"][: len(lake)] = lake["key_hash"].to_numpy()
    entries["place"][: len(lake)] = place_of(number, places)
    entries["index"][: len(lake)] = np.arange(len(lake))
    if refused:
        hashes = key_hashes(pl.Series([key for _, key in refused], dtype=pl.String()))
        entries["hash"][len(lake) :] = hashes.to_numpy()
        entries["place"][len(lake) :] = place_of(number, np.array([row for row, _ in refused], np.int64))
        entries["index"][len(lake) :] = REFUSED
    return entries
