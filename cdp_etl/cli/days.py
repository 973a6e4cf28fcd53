"""The days that a command speaks of, where the person named a first, a last, both or neither."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from cdp_etl.settings import Settings


def days_between(settings: Settings, first: date | None, last: date | None) -> Iterator[date]:
    """Give the days from the first to the last; where not named, from the first dump date, and to tomorrow.

    Tomorrow, since somewhere it has begun.
    """
    day = first or settings.first_dump_date
    end = last or datetime.now(UTC).date() + timedelta(days=1)
    while day <= end:
        yield day
        day += timedelta(days=1)
