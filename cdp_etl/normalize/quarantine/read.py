"""Readers of quarantined records in the lake: by file and position, by reason, and with their bytes.

They read the lake and not the warehouse, because a dump that was refused as a whole is only in the lake. At most
one batch is in memory. `export.py` writes the records to a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from cdp_etl.errors import CdpEtlError
from cdp_etl.normalize.lake.result import NormalizedDump

_COLUMNS: Final = ("entity", "dump_date", "source_file", "source_position", "reasons")
_RAW: Final = "raw"
_BATCH_ROWS: Final = 8192
_BATCH_ROWS_WITH_BYTES: Final = 256


class NotInQuarantineError(CdpEtlError):
    """The quarantine has no record at the requested position."""


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """Position and reasons of a quarantined record, without its content.

    Attributes:
        entity: The entity, by its table's name.
        dump_date: The day the source system delivered.
        file: Path within the dump.
        position: Line, row or element, from 1; all entries of an API payload in one line have the same position.
        reasons: All reasons.
        explanations: What was expected and found, by reason (`explain.py`); empty unless they are to be shown.
    """

    entity: str
    dump_date: date
    file: str
    position: int
    reasons: tuple[str, ...]
    explanations: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def explained_reasons(self) -> list[str]:
        """All reasons as people read them, each with its explanation."""
        return [
            f"{reason} ({self.explanations[reason]})" if reason in self.explanations else reason
            for reason in self.reasons
        ]

    def has_reason(self, wanted: str | None) -> bool:
        """Return whether the record has a reason, or any reason about a field; None matches every record."""
        return wanted is None or any(wanted in {reason, reason_subject(reason)} for reason in self.reasons)


def reason_subject(reason: str) -> str:
    """Return the subject of a reason: `actionAt` of `actionAt: out of range`."""
    return reason.partition(": ")[0]


def quarantined_records(dump: NormalizedDump, reason: str | None = None) -> Iterator[QuarantinedRecord]:
    """Yield the quarantined records of a dump in the order of delivery, without their bytes.

    Args:
        dump: The dump.
        reason: Only records with this reason, or with any reason about this field.
    """
    for path in dump.quarantined_files:
        for row in _rows(path, _COLUMNS, _BATCH_ROWS):
            record = _record(row)
            if record.has_reason(reason):
                yield record


def quarantined_with_bytes(
    dump: NormalizedDump, reason: str | None = None
) -> Iterator[tuple[QuarantinedRecord, bytes]]:
    """Yield the same records as `quarantined_records`, each with its bytes, which may contain personal data."""
    for path in dump.quarantined_files:
        for row in _rows(path, (*_COLUMNS, _RAW), _BATCH_ROWS_WITH_BYTES):
            record = _record(row)
            if record.has_reason(reason):
                yield record, row[_RAW]


def quarantined_at(dump: NormalizedDump, file: str, position: int) -> list[tuple[QuarantinedRecord, bytes]]:
    """Return the quarantined records at one position: one, or several entries of a payload in one line.

    Raises:
        NotInQuarantineError: If there is none.
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


def _rows(path: Path, columns: Sequence[str], batch_rows: int) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=batch_rows, columns=list(columns)):
            yield from batch.to_pylist()


def _record(row: dict[str, Any]) -> QuarantinedRecord:
    return QuarantinedRecord(
        row["entity"], row["dump_date"], row["source_file"], row["source_position"], tuple(row["reasons"])
    )
