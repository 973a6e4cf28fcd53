"""What arrived: each entity's dump of a day, how its newest attempt ended, and what is loaded of it.

Put here the figures of the ledger. Whether they are good news is decided in `judgement.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any, Final

import duckdb

from cdp_etl.report.data.query import ask

DAYS_COMPARED: Final = 14
_FEWEST_DAYS_COMPARED: Final = 3
_LEAST, _MOST = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt to load a dump: its status in the ledger, why it was not loaded, and what it read."""

    status: str
    reason: str | None
    records_read: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Load:
    """The load that is in place: records_read = accepted + superseded + quarantined."""

    files: int
    bytes: int
    records_read: int
    accepted: int
    superseded: int
    quarantined: int
    with_warnings: int
    restored_versions: int
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """The dump of an entity (by its table's name) and a day: the newest attempt, and what is loaded, if any."""

    entity: str
    dump_date: date
    newest: Attempt
    loaded: Load | None


@dataclass(frozen=True, slots=True)
class UsualVolume:
    """How many records a dump usually has; between `least` and `most` is nothing to look at."""

    records: float

    @property
    def least(self) -> float:
        """Fewer than this are unusual."""
        return _LEAST * self.records

    @property
    def most(self) -> float:
        """More than this are unusual."""
        return _MOST * self.records

    def holds(self, records: int) -> bool:
        """Tell whether so many are usual."""
        return self.least <= records <= self.most


def read_deliveries(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[Delivery, ...]:
    """Give the dumps of these days that were loaded or tried, by entity and day."""
    return ask(connection, "deliveries", _delivery, first=first, last=last)


def usual_volume(records_before: Sequence[int]) -> UsualVolume | None:
    """Give what is usual after dumps of so many records, the newest last; None where they are too few to tell.

    House rule: between half and twice the median of the fourteen dumps before, and at least three of them.
    """
    compared = records_before[-DAYS_COMPARED:]
    return UsualVolume(median(compared)) if len(compared) >= _FEWEST_DAYS_COMPARED else None


def _delivery(entity: str, dump_date: date, newest: dict[str, Any], loaded: dict[str, Any] | None) -> Delivery:
    return Delivery(entity, dump_date, Attempt(**newest), None if loaded is None else Load(**loaded))
