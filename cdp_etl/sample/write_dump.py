"""Writing of one dump: rows are created in batches, mutated by plan, counted and written in parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.sample import text_formats, writers
from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.expected import ExpectedCounts, ExpectedCountsBuilder
from cdp_etl.sample.fault_plan import FaultPlan, make_fault_plan
from cdp_etl.sample.faults import RawRecord
from cdp_etl.sample.record_ids import make_dump_rows
from cdp_etl.sample.records import make_frame
from cdp_etl.sample.seeded_random import BoolArray, Draws, IntArray
from cdp_etl.sample.text_formats import TextFormat, json_bytes

BATCH_ROWS: Final = 30_000
PART_ROWS: Final = 8 * BATCH_ROWS
_PAYLOAD_ROWS: Final = 3
_PAYLOAD_SHARE: Final = 0.005
_PAYLOAD_DAYS: Final = 3
"""A JSON dump is an API payload on every third day, else an array."""


@dataclass(frozen=True)
class _Batch:
    """Rows without mutations, and the mutated ones by their position in the batch."""

    start: int
    plain: pl.DataFrame
    mutated: dict[int, RawRecord]


def write_dump(dump: DumpSpec, folder: Path) -> ExpectedCounts:
    """Write the parts of a dump to a folder. Return the counts that reading it must produce."""
    empty = _plain(dump, np.arange(0), np.zeros(0, dtype=np.bool_))[0]
    plan = make_fault_plan(dump, empty.width)
    counts = ExpectedCountsBuilder(dump.rows)
    suffix = "" if dump.compression == "none" else f".{dump.compression}"
    for number, start in enumerate(range(0, max(dump.rows, 1), PART_ROWS), start=1):
        path = folder / f"part-{number}.{dump.data_format}{suffix}"
        stop = min(start + PART_ROWS, dump.rows)
        batches = _batches(dump, plan, counts, start, stop)
        if dump.data_format == "parquet":
            _write_parquet(path, empty, batches)
        else:
            text = _text_format(dump, empty.columns)
            with writers.open_text(path, dump.compression, text) as writer:
                for batch in batches:
                    writer.write(_encode(dump, plan, text, batch))
                if stop == dump.rows:
                    writer.write(text.encode_record(record) for record in dump.appended)
    counts.add_appended(len(dump.appended))
    return counts.expected(dump.entity.name, dump.dump_date)


def _batches(
    dump: DumpSpec, plan: FaultPlan, counts: ExpectedCountsBuilder, start: int, stop: int
) -> Iterator[_Batch]:
    for first in range(start, stop, BATCH_ROWS):
        position = np.arange(first, min(first + BATCH_ROWS, stop))
        is_mutated = plan.is_mutated[position]
        plain, keys = _plain(dump, position, is_mutated)
        counts.add_rows(position, keys, _has_unusable_contact(dump.entity, plain))
        mutated = {}
        offsets = np.flatnonzero(is_mutated)
        for offset, values in zip(offsets.tolist(), plain[offsets].to_dicts(), strict=True):
            mutation = plan.mutations[first + offset]
            record = {name: value for name, value in values.items() if value is not None}
            mutated[offset] = mutation.values(record)
            counts.add_mutation(first + offset, mutation)
        yield _Batch(first, plain, mutated)


def _plain(dump: DumpSpec, position: IntArray, is_mutated: BoolArray) -> tuple[pl.DataFrame, IntArray]:
    rows = make_dump_rows(dump.shared.seed, dump.entity.name, dump.dump_date, position, is_mutated)
    return make_frame(dump.shared, dump.entity, rows), rows.keys


def _has_unusable_contact(entity: Entity, plain: pl.DataFrame) -> BoolArray:
    """Return which rows have a masked phone or a placeholder instead of an address."""
    contacts = [pl.col(field.contract_name) for field in entity.contacts]
    unusable = pl.any_horizontal(
        (contact.str.ends_with("xxxx") | contact.str.starts_with("[")).fill_null(value=False)
        for contact in contacts
    )
    return plain.select(unusable).to_series().to_numpy()


def _write_parquet(path: Path, empty: pl.DataFrame, batches: Iterator[_Batch]) -> None:
    with writers.open_parquet(path, empty) as writer:
        for batch in batches:
            writer.write_table(writers.to_arrow(_with_mutated(batch)))


def _with_mutated(batch: _Batch) -> pl.DataFrame:
    """Replace rows by their mutated versions."""
    offset = pl.Series("offset", batch.mutated.keys(), dtype=pl.UInt32)
    mutated = pl.DataFrame(list(batch.mutated.values()), schema=batch.plain.schema).with_columns(offset)
    rows = batch.plain.with_row_index("offset").join(mutated.select("offset"), on="offset", how="anti")
    return pl.concat([rows, mutated], how="diagonal").sort("offset").drop("offset")


def _text_format(dump: DumpSpec, columns: list[str]) -> TextFormat:
    if dump.data_format == "csv":
        return text_formats.CsvText(columns)
    if dump.data_format == "ndjson":
        return text_formats.ndjson()
    if dump.day % _PAYLOAD_DAYS:
        return text_formats.json_array()
    head: RawRecord = {"objectType": dump.entity.name}
    if dump.entity.supports_ignored_update_cfs:
        head["ignoredUpdateCfs"] = ["customField02"]
    return text_formats.api_payload(head)


def _encode(dump: DumpSpec, plan: FaultPlan, text: TextFormat, batch: _Batch) -> Iterator[bytes]:
    lines = text.encode_frame(batch.plain)
    for offset, record in batch.mutated.items():
        lines[offset] = plan.mutations[batch.start + offset].text(text.encode_record(record))
    if dump.data_format == "ndjson":
        _combine_into_payloads(dump, batch, lines)
    return (line for line in lines if line)


def _combine_into_payloads(dump: DumpSpec, batch: _Batch, lines: list[bytes]) -> None:
    """Combine a few consecutive unmutated records into one API payload on one line, with their common source."""
    starts = np.arange(0, len(lines) - _PAYLOAD_ROWS + 1, _PAYLOAD_ROWS)
    draws = Draws(
        dump.shared.seed, f"{dump.entity.name} payload", np.full_like(starts, dump.day), starts + batch.start
    )
    for start in starts[draws.chance("payload", _PAYLOAD_SHARE)].tolist():
        offsets = range(start, start + _PAYLOAD_ROWS)
        if not batch.mutated.keys().isdisjoint(offsets):
            continue
        entries = [
            {name: value for name, value in record.items() if value is not None}
            for record in batch.plain[start : start + _PAYLOAD_ROWS].to_dicts()
        ]
        head: RawRecord = {"objectType": dump.entity.name}
        sources = {entry.get("systemName") for entry in entries}
        if len(sources) == 1 and None not in sources:
            head["source"] = sources.pop()
            for entry in entries:
                del entry["systemName"]
        lines[start] = json_bytes(head | {"entries": entries})
        for offset in offsets[1:]:
            lines[offset] = b""
