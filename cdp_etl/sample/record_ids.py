"""Which record each row of a dump delivers, and when that record's event took place.

A record is known by the day it was first due and its place on that day; a row delivers a fresh one, or one again:
of the same dump, or of an earlier dump. What must not change from version to version is drawn by the record
(`Rows.record`), the rest by the row (`Rows.version`).
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import Draws, Integers, Mask, kept, picked

AGAIN_IN_DUMP: Final = 0.02
AGAIN_OF_EARLIER: Final = 0.03
LATE: Final = 0.06
DELETED_AT_ONCE: Final = 0.003
DELETED_AGAIN: Final = 0.25

_NEAR: Final = 2_000
"""Rows: a correction within the dump follows its record at most so far behind."""

_FARTHEST_DAYS: Final = 3
_LATEST_DAYS: Final = 6
_MILLISECONDS_A_DAY: Final = 86_400_000
_HOUR_WEIGHTS: Final = (9, 12, 14, 13, 11, 11, 13, 14, 13, 11, 10, 11, 14, 18, 20, 16, 9, 4, 2, 1, 1, 1, 2, 5)
"""Weights of the hours of the day in GMT; Vietnam's evening is the afternoon there."""


@dataclass(frozen=True)
class Rows:
    """Some rows of one dump.

    Attributes:
        seed: The sample's seed.
        entity: The entity's name.
        day: The dump date, in days since 1970.
        position: The rows' places in the dump, from 0.
        origin_day: The day each row's record was first due.
        index: The record's place on that day.
        must_be_whole: Rows that a fault will be put into: they are not deletions.
    """

    seed: int
    entity: str
    day: int
    position: Integers
    origin_day: Integers
    index: Integers
    must_be_whole: Mask

    @cached_property
    def record(self) -> Draws:
        """Draws that are the same for every version of a record."""
        return Draws(self.seed, f"{self.entity} record", self.origin_day, self.index)

    @cached_property
    def version(self) -> Draws:
        """Draws of the row itself."""
        return Draws(self.seed, f"{self.entity} row", np.full_like(self.position, self.day), self.position)

    @cached_property
    def is_again(self) -> Mask:
        """Whether the row delivers a record that was due before."""
        is_again: Mask = (self.origin_day != self.day) | (self.index != self.position)
        return is_again

    @cached_property
    def is_deleted(self) -> Mask:
        """Whether the row takes its record back."""
        again = self.is_again & self.version.chance("deleted again", DELETED_AGAIN)
        return (again | self.version.chance("deleted", DELETED_AT_ONCE)) & ~self.must_be_whole

    @cached_property
    def is_key_only(self) -> Mask:
        """Whether the row is a deletion that bears no more than the key."""
        return self.is_deleted & self.version.chance("key only", 0.5)

    @cached_property
    def keys(self) -> Integers:
        """One number for each record: equal where and only where the records' keys are."""
        return self.origin_day * 10**9 + self.index

    def occurred(self) -> Integers:
        """Give the event's UTC moment, epoch milliseconds: on the day it was due, or some days before."""
        late = self.record.chance("late", LATE) * (1 + self.record.below("days late", _LATEST_DAYS))
        return (self.origin_day - late) * _MILLISECONDS_A_DAY + self.time_of_day()

    def time_of_day(self) -> Integers:
        """Give milliseconds since midnight, GMT."""
        return self.record.weighted("hour", _HOUR_WEIGHTS) * 3_600_000 + self.record.below("instant", 3_600_000)

    def own_id(self, prefix: str) -> pl.Series:
        """Give the record's own id: prefix, day, place."""
        day = pl.Series(self.origin_day).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")
        return prefix + day + pl.Series(self.index).cast(pl.String).str.zfill(8)

    def record_status(self) -> pl.Series:
        """Give Deleted, Active, or nothing, which means Active."""
        says_active = self.version.chance("says active", 0.3)
        status = np.where(self.is_deleted, 0, 1)
        return kept(picked(("Deleted", "Active"), status), self.is_deleted | says_active)


def make_rows(seed: int, entity: str, dump_date: date, position: Integers, must_be_whole: Mask) -> Rows:
    """Say which record each of these rows of a dump delivers."""
    day = (dump_date - date(1970, 1, 1)).days
    draws = Draws(seed, f"{entity} delivery", np.full_like(position, day), position)
    role = draws.below("role", 10_000)
    in_dump = role < AGAIN_IN_DUMP * 10_000
    of_earlier = ~in_dump & (role < (AGAIN_IN_DUMP + AGAIN_OF_EARLIER) * 10_000)
    back = np.where(in_dump, 1 + draws.below("rows back", np.clip(position, 1, _NEAR)), 0)
    days_back = np.where(of_earlier, 1 + draws.below("days back", _FARTHEST_DAYS), 0)
    return Rows(
        seed=seed,
        entity=entity,
        day=day,
        position=position,
        origin_day=day - days_back,
        index=np.maximum(position - back, 0),
        must_be_whole=must_be_whole,
    )
