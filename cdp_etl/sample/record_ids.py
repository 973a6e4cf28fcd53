"""Assignment of records to the rows of a dump, and the time of each record's event.

The day of its first delivery and its position on that day identify a record. A row delivers a new record, or
repeats one of the same dump or of an earlier dump. Values that must not change between versions are drawn per
record (`DumpRows.record`), all others per row (`DumpRows.version`).
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import BoolArray, Draws, IntArray, null_unless, pick

REPEATED_IN_DUMP_SHARE: Final = 0.02
REDELIVERED_SHARE: Final = 0.03
LATE_SHARE: Final = 0.06
NEW_DELETED_SHARE: Final = 0.003
REDELIVERED_DELETED_SHARE: Final = 0.25

_MAX_ROWS_BACK: Final = 2_000
"""Maximum number of rows between a record and its correction in the same dump."""

_MAX_DAYS_BACK: Final = 3
_MAX_DAYS_LATE: Final = 6
_MILLISECONDS_A_DAY: Final = 86_400_000
_HOUR_WEIGHTS: Final = (9, 12, 14, 13, 11, 11, 13, 14, 13, 11, 10, 11, 14, 18, 20, 16, 9, 4, 2, 1, 1, 1, 2, 5)
"""Weights of the hours of the day in GMT. Evening in Vietnam is afternoon in GMT."""


@dataclass(frozen=True)
class DumpRows:
    """Some rows of one dump.

    Attributes:
        seed: Seed of the sample.
        entity: Name of the entity.
        day: Dump date, in days since 1970.
        position: Position of each row in the dump, from 0.
        origin_day: Day of the first delivery of each row's record.
        index: Position of the record on that day.
        never_deleted: Rows that will be mutated. They are never deletions.
    """

    seed: int
    entity: str
    day: int
    position: IntArray
    origin_day: IntArray
    index: IntArray
    never_deleted: BoolArray

    @cached_property
    def record(self) -> Draws:
        """Draws that are equal for all versions of a record."""
        return Draws(self.seed, f"{self.entity} record", self.origin_day, self.index)

    @cached_property
    def version(self) -> Draws:
        """Draws of the row itself."""
        return Draws(self.seed, f"{self.entity} row", np.full_like(self.position, self.day), self.position)

    @cached_property
    def is_redelivery(self) -> BoolArray:
        """Mask of the rows that deliver a record again."""
        is_redelivery: BoolArray = (self.origin_day != self.day) | (self.index != self.position)
        return is_redelivery

    @cached_property
    def is_deleted(self) -> BoolArray:
        """Mask of the rows that delete their record."""
        again = self.is_redelivery & self.version.chance("deleted again", REDELIVERED_DELETED_SHARE)
        return (again | self.version.chance("deleted", NEW_DELETED_SHARE)) & ~self.never_deleted

    @cached_property
    def is_key_only(self) -> BoolArray:
        """Mask of the deletions that have nothing but the key."""
        return self.is_deleted & self.version.chance("key only", 0.5)

    @cached_property
    def keys(self) -> IntArray:
        """One number per row, equal if and only if the record keys are equal."""
        return self.origin_day * 10**9 + self.index

    def occurred_at(self) -> IntArray:
        """Return the UTC time of each event in epoch milliseconds. Late records are up to six days old."""
        late = self.record.chance("late", LATE_SHARE) * (1 + self.record.below("days late", _MAX_DAYS_LATE))
        return (self.origin_day - late) * _MILLISECONDS_A_DAY + self.time_of_day()

    def time_of_day(self) -> IntArray:
        """Return milliseconds since midnight GMT."""
        return self.record.weighted("hour", _HOUR_WEIGHTS) * 3_600_000 + self.record.below("instant", 3_600_000)

    def own_id(self, prefix: str) -> pl.Series:
        """Return each record's own id: prefix, day, position."""
        day = pl.Series(self.origin_day).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")
        return prefix + day + pl.Series(self.index).cast(pl.String).str.zfill(8)

    def record_status(self) -> pl.Series:
        """Return Deleted, Active, or null, which means Active."""
        says_active = self.version.chance("says active", 0.3)
        status = np.where(self.is_deleted, 0, 1)
        return null_unless(pick(("Deleted", "Active"), status), self.is_deleted | says_active)


def make_dump_rows(
    seed: int, entity: str, dump_date: date, position: IntArray, never_deleted: BoolArray
) -> DumpRows:
    """Assign a record to each of these rows of a dump."""
    day = (dump_date - date(1970, 1, 1)).days
    draws = Draws(seed, f"{entity} delivery", np.full_like(position, day), position)
    role = draws.below("role", 10_000)
    in_dump = role < REPEATED_IN_DUMP_SHARE * 10_000
    of_earlier = ~in_dump & (role < (REPEATED_IN_DUMP_SHARE + REDELIVERED_SHARE) * 10_000)
    back = np.where(in_dump, 1 + draws.below("rows back", np.clip(position, 1, _MAX_ROWS_BACK)), 0)
    days_back = np.where(of_earlier, 1 + draws.below("days back", _MAX_DAYS_BACK), 0)
    return DumpRows(
        seed=seed,
        entity=entity,
        day=day,
        position=position,
        origin_day=day - days_back,
        index=np.maximum(position - back, 0),
        never_deleted=never_deleted,
    )
