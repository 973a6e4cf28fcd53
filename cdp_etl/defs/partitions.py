"""Daily partitions by dump date, and the one backfill policy that all assets share.

Put here what every asset must agree on for a backfill to be one run. Schedules stand in `automation.py`.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg

from cdp_etl.settings import Settings

_DAY = "dagster/partition"
_FIRST_DAY = "dagster/asset_partition_range_start"
_LAST_DAY = "dagster/asset_partition_range_end"

BACKFILL_POLICY = dg.BackfillPolicy.single_run()
"""A contiguous range of days is one run. Were assets to differ in it, a backfill would take the smallest."""


def dump_dates(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Give the dump dates: from the first of the settings to today, which can be loaded as it is delivered."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_dump_date.isoformat(), timezone=settings.dump_timezone, end_offset=1
    )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Give the dump dates that a run is for, one or a range, in order."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Give the tags of a run for a range of days, both ends included; Dagster has no public name for them."""
    return {
        _FIRST_DAY: first.isoformat(),
        _LAST_DAY: last.isoformat(),
    }


def days_of_tags(tags: Mapping[str, str]) -> list[date]:
    """Give the dump dates that a run bears in its tags: one, a range, or none."""
    first = tags.get(_DAY) or tags.get(_FIRST_DAY)
    last = tags.get(_DAY) or tags.get(_LAST_DAY)
    if first is None or last is None:
        return []
    span = (date.fromisoformat(last) - date.fromisoformat(first)).days
    return [date.fromisoformat(first) + timedelta(days=number) for number in range(span + 1)]
