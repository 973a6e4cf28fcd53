"""The quarantine as it lies in the lake: refused records by place and reason, and their bytes.

It is read from the lake and not from the warehouse, so that a dump that was refused as a whole can be looked into
(RULINGS 10). Nothing here holds more in memory than one batch of a dump. Put here how refused records are found;
how they are written to a file stands in `quarantine_export.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from cdp_etl.errors import CdpEtlError
from cdp_etl.normalize.lake.result import NormalizedDump

_PLACE: Final = ("entity", "dump_date", "source_file", "source_position", "reasons")
_RAW: Final = "raw"
_ROWS_AT_ONCE: Final = 8192
_ROWS_WITH_BYTES_AT_ONCE: Final = 256


class NotInQuarantineError(CdpEtlError):
    """A record was asked for that is not in quarantine."""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """Where a refused record stands and why it was refused; nothing of what it says.

    Attributes:
        entity: The entity, by its table's name.
        dump_date: The day the source system delivered.
        file: Path within the dump.
        position: Line, row or element, from 1; the entries of an API payload in one line share its position.
        reasons: All reasons.
    """

    entity: str
    dump_date: date
    file: str
    position: int
    reasons: tuple[str, ...]

    def is_refused_for(self, wanted: str | None) -> bool:
        """Tell whether a reason, or the field that a reason is about, is among its reasons; None is any."""
        return wanted is None or any(wanted in {reason, subject_of(reason)} for reason in self.reasons)


def subject_of(reason: str) -> str:
    """Give what a reason is about: `actionAt` of `actionAt: out of range`."""
    return reason.partition(": ")[0]


def refused_records(dump: NormalizedDump, reason: str | None = None) -> Iterator[RefusedRecord]:
    """Give the refused records of a dump in the order of delivery, without their bytes.

    Args:
        dump: The dump.
        reason: Only those refused for this reason, or for any about this field.
    """
    for path in dump.quarantined_files:
        for row in _rows(path, _PLACE, _ROWS_AT_ONCE):
            record = _record(row)
            if record.is_refused_for(reason):
                yield record


def refused_with_bytes(dump: NormalizedDump, reason: str | None = None) -> Iterator[tuple[RefusedRecord, bytes]]:
    """Give as `refused_records` does, each record with its bytes as delivered: they may be personal."""
    for path in dump.quarantined_files:
        for row in _rows(path, (*_PLACE, _RAW), _ROWS_WITH_BYTES_AT_ONCE):
            record = _record(row)
            if record.is_refused_for(reason):
                yield record, row[_RAW]


def refused_at(dump: NormalizedDump, file: str, position: int) -> list[tuple[RefusedRecord, bytes]]:
    """Give the refused records at one place with their bytes: one, or several entries of a payload in one line.

    Raises:
        NotInQuarantineError: where there is none.
    """
    is_there = (pl.col("source_file") == file) & (pl.col("source_position") == position)
    found = [
        (_record(row), row[_RAW])
        for path in dump.quarantined_files
        for row in pl.scan_parquet(path).filter(is_there).collect().iter_rows(named=True)
    ]
    if not found:
        name = dump.entity.replace("_", "-")
        raise NotInQuarantineError(f"{name} {dump.dump_date}, {file}, position {position}: not in quarantine.")
    return found


def _rows(path: Path, columns: Sequence[str], at_once: int) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=at_once, columns=list(columns)):
            yield from batch.to_pylist()


def _record(row: dict[str, Any]) -> RefusedRecord:
    return RefusedRecord(
        row["entity"], row["dump_date"], row["source_file"], row["source_position"], tuple(row["reasons"])
    )
