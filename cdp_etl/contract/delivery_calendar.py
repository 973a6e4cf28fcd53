"""On which days a dump is expected: weekdays, less holidays.

Put here what an entity's partner has agreed to deliver. What is done about a dump that has not come stands with
those who look: sensor, checks, report and alerts.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `date.weekday`."""


@dataclass(frozen=True)
class DeliveryCalendar:
    """When a dump is expected (house rule, RULINGS 24). A dump that comes on any other day is taken all the same.

    `weekdays` are of the names above, `holidays` are dump dates without a delivery.
    """

    weekdays: AbstractSet[str] = frozenset(WEEKDAYS)
    holidays: AbstractSet[date] = frozenset()

    def expects(self, dump_date: date) -> bool:
        """Tell whether a dump of this date is to come."""
        return WEEKDAYS[dump_date.weekday()] in self.weekdays and dump_date not in self.holidays

    def expected(self, first: date, last: date) -> list[date]:
        """Give the dates from first to last, both included, of which a dump is to come."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [day for day in days if self.expects(day)]
