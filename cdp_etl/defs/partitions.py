"""Daily partitions by dump date, and the backfill policy and run tags of ranges.

The assets of a dump and the daily report share them; otherwise a backfill over several of them would not be a
single run. The marts and the snapshot have no partitions.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg

from cdp_etl.settings import Settings

_DAY = "dagster/partition"
_FIRST_DAY = "dagster/asset_partition_range_start"
_LAST_DAY = "dagster/asset_partition_range_end"

BACKFILL_POLICY = dg.BackfillPolicy.single_run()
"""A contiguous range of dates is one run. A backfill uses the smallest range that any of its assets allows."""


def dump_dates(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Return the dump dates, from CDP_ETL_FIRST_DUMP_DATE to today inclusive."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_dump_date.isoformat(), timezone=settings.dump_timezone, end_offset=1
    )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the dump dates of a run in order."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Return the run tags for a range of dates, both inclusive. Dagster has no public names for them."""
    return {
        _FIRST_DAY: first.isoformat(),
        _LAST_DAY: last.isoformat(),
    }


def days_of_tags(tags: Mapping[str, str]) -> list[date]:
    """Return the dump dates in the tags of a run: one, a range, or none."""
    first = tags.get(_DAY) or tags.get(_FIRST_DAY)
    last = tags.get(_DAY) or tags.get(_LAST_DAY)
    if first is None or last is None:
        return []
    span = (date.fromisoformat(last) - date.fromisoformat(first)).days
    return [date.fromisoformat(first) + timedelta(days=number) for number in range(span + 1)]
