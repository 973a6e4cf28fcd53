"""First and last instants of the days of the business time zone, by the library that normalizes.

DuckDB and polars have time zone databases of different releases, so a zone whose law changes has other days in one
of them. The days of the marts come from polars, and only polars can confirm them.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import polars as pl

_STEP = timedelta(minutes=15)
"""Since 2000 every zone's distance from UTC is a multiple of it."""


@lru_cache(maxsize=20)
def business_days(zone: str, years: tuple[int, ...]) -> pl.DataFrame:
    """Return `day`, `starts_at` and `ends_at` (exclusive) of each day of some years.

    A clock that is set back over midnight gives two days that overlap, by the time that it is set back.
    """
    return pl.concat([_DAYS.to_frame(eager=True), *(_days_of_year(zone, year) for year in years)])


_DAYS = pl.Schema({"day": pl.Date(), "starts_at": pl.Datetime("us", "UTC"), "ends_at": pl.Datetime("us", "UTC")})


@lru_cache(maxsize=200)
def _days_of_year(zone: str, year: int) -> pl.DataFrame:
    instants = pl.datetime_range(
        datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1),
        datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1),
        _STEP,
        eager=True,
    )
    days = pl.DataFrame({"instant": instants, "day": instants.dt.convert_time_zone(zone).dt.date()})
    return (
        days.filter(pl.col("day").dt.year() == year)
        .group_by("day")
        .agg(starts_at=pl.col("instant").min(), ends_at=pl.col("instant").max() + _STEP)
    )
