"""Expected dumps: which dump of which entity must be loaded by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cdp_etl.contract.delivery_calendar import DeliveryCalendar
from cdp_etl.contract.entity import Entity


@dataclass(frozen=True, slots=True)
class Deadline:
    """Deadline of an entity's dumps.

    Attributes:
        entity: The entity.
        calendar: Dump dates on which a dump is expected.
        after: Wall-clock time from the beginning of the dump date until the dump must be loaded.
    """

    entity: Entity
    calendar: DeliveryCalendar
    after: timedelta


@dataclass(frozen=True, slots=True)
class Expectation:
    """Dumps that must be loaded by now.

    Attributes:
        deadlines: One for each entity.
        first: The first dump date.
        lookback_days: Number of days for which a dump that is not loaded counts as missing.
        timezone: IANA time zone in which a dump date begins.
    """

    deadlines: tuple[Deadline, ...]
    first: date
    lookback_days: int
    timezone: str

    def due(self, now: datetime) -> Iterator[tuple[Entity, date, datetime]]:
        """Yield entity, dump date and deadline of each dump whose deadline has passed."""
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for deadline in self.deadlines:
            for days_back in range(self.lookback_days, -1, -1):
                day = today - timedelta(days=days_back)
                at = datetime.combine(day, datetime.min.time(), zone) + deadline.after
                if day >= self.first and deadline.calendar.expects(day) and at <= now:
                    yield deadline.entity, day, at
