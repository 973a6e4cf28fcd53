"""Deliveries, from the ledger: the newest attempt to load each dump, and the load that is in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any, Final

import duckdb

from cdp_etl.report.data.query import run_query

DAYS_COMPARED: Final = 14
_MIN_DAYS_COMPARED: Final = 3
_MIN_RATIO, _MAX_RATIO = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class LatestAttempt:
    """The newest attempt to load a dump.

    Attributes:
        status: Status in the ledger.
        reason: Why the dump was not loaded; if it was loaded, findings about its files or None.
        records_read: Number of records read.
        quarantined: Number of them that are quarantined.
    """

    status: str
    reason: str | None
    records_read: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """Counts of the load that is in place: records_read = accepted + superseded + quarantined.

    `findings` is what was found about its files, None if nothing was.
    """

    files: int
    bytes: int
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    restored_versions: int
    finished_at: datetime
    findings: str | None = None


@dataclass(frozen=True, slots=True)
class DumpStatus:
    """The dump of an entity, named by its table, and a date: the newest attempt, and the load in place if any."""

    entity: str
    dump_date: date
    newest: LatestAttempt
    loaded: LoadCounts | None


@dataclass(frozen=True, slots=True)
class UsualVolume:
    """Usual number of records of a dump."""

    records: float

    @property
    def minimum(self) -> float:
        """Fewer records are unusual."""
        return _MIN_RATIO * self.records

    @property
    def maximum(self) -> float:
        """More records are unusual."""
        return _MAX_RATIO * self.records

    def includes(self, records: int) -> bool:
        """Return whether this number of records is usual."""
        return self.minimum <= records <= self.maximum


def read_dumps(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[DumpStatus, ...]:
    """Return the dumps of these dates that were loaded or attempted, by entity and date."""
    return run_query(connection, "deliveries", _dump_status, first=first, last=last)


def usual_volume(records_before: Sequence[int]) -> UsualVolume | None:
    """Return the usual volume after dumps with these numbers of records, newest last; None if there are too few.

    House rule: from half to twice the median of the 14 dumps before, and of at least three.
    """
    compared = records_before[-DAYS_COMPARED:]
    return UsualVolume(median(compared)) if len(compared) >= _MIN_DAYS_COMPARED else None


def _dump_status(
    entity: str, dump_date: date, newest: dict[str, Any], loaded: dict[str, Any] | None
) -> DumpStatus:
    counts = None if loaded is None else LoadCounts(**loaded)
    return DumpStatus(entity, dump_date, LatestAttempt(**newest), counts)
