"""Delivery calendar of an entity: the weekdays on which a dump is expected, minus holidays."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `date.weekday`."""


@dataclass(frozen=True)
class DeliveryCalendar:
    """Dump dates on which a dump is expected. A dump of any other date is loaded as well.

    Attributes:
        weekdays: Names from `WEEKDAYS`.
        holidays: Dump dates without a delivery.
    """

    weekdays: AbstractSet[str] = frozenset(WEEKDAYS)
    holidays: AbstractSet[date] = frozenset()

    def expects(self, dump_date: date) -> bool:
        """Return whether a dump of this date is expected."""
        return WEEKDAYS[dump_date.weekday()] in self.weekdays and dump_date not in self.holidays

    def expected(self, first: date, last: date) -> list[date]:
        """Return the dump dates from first to last, both included, on which a dump is expected."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [day for day in days if self.expects(day)]
