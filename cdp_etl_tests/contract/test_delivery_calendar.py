"""The delivery calendar: weekdays, less holidays."""

from datetime import date

from cdp_etl.contract.delivery_calendar import DeliveryCalendar

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 3, day) for day in (6, 7, 8, 9))


def test_a_dump_is_expected_every_day_unless_said_otherwise() -> None:
    assert DeliveryCalendar().expected(FRIDAY, MONDAY) == [FRIDAY, SATURDAY, SUNDAY, MONDAY]


def test_a_dump_is_expected_on_its_weekdays_less_the_holidays() -> None:
    calendar = DeliveryCalendar(frozenset({"fri", "sun", "mon"}), frozenset({MONDAY}))

    assert calendar.expected(FRIDAY, MONDAY) == [FRIDAY, SUNDAY]
