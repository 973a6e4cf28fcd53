"""Change of the business time zone for all days at once."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from cdp_etl.warehouse import (
    BusinessTimezoneChangedError,
    Warehouse,
    adopt_business_timezone,
    record_attempt,
)
from cdp_etl_tests.warehouse.dumps import COMMENT
from cdp_etl_tests.warehouse.loading import comment, load_records, rows


def test_adopting_a_zone_recomputes_all_days_and_stores_it(warehouse: Warehouse) -> None:
    evening = datetime(2026, 1, 1, 20, tzinfo=UTC)
    load_records(
        warehouse,
        1,
        [
            comment("1", occurred_at=evening, activity_date=date(2026, 1, 1)),
            comment("2", record_status="Deleted", occurred_at=None, activity_date=None),
        ],
    )
    vietnam = replace(warehouse, business_timezone="Asia/Ho_Chi_Minh")

    assert adopt_business_timezone(vietnam)

    days = "SELECT comment_id, activity_date FROM staging.customer_product_comment"
    assert rows(vietnam, days) == [("1", date(2026, 1, 2)), ("2", None)]


@pytest.mark.parametrize("zone", ["America/Vancouver", "Africa/Casablanca", "Asia/Kathmandu"])
def test_the_days_are_those_that_normalization_gives_in_zones_whose_law_has_changed(
    warehouse: Warehouse, zone: str
) -> None:
    """The time zone databases of DuckDB and polars are of different releases."""
    instants = [datetime(2026, 12, 1, hour, 30, tzinfo=UTC) for hour in range(24)]
    load_records(
        warehouse,
        1,
        [
            comment(str(number), occurred_at=instant, activity_date=instant.date())
            for number, instant in enumerate(instants)
        ],
    )

    adopt_business_timezone(replace(warehouse, business_timezone=zone))

    days = rows(
        replace(warehouse, business_timezone=zone),
        "SELECT activity_date FROM staging.customer_product_comment ORDER BY occurred_at",
    )
    assert [day for (day,) in days] == pl.Series(instants).dt.convert_time_zone(zone).dt.date().to_list()


def test_adopting_the_stored_zone_changes_nothing(warehouse: Warehouse) -> None:
    assert not adopt_business_timezone(warehouse)


def test_a_warehouse_without_loads_adopts_another_zone(warehouse: Warehouse) -> None:
    record_attempt(warehouse, COMMENT, date(2026, 3, 1), "failed", "The landing zone does not answer.")
    vietnam = replace(warehouse, business_timezone="Asia/Ho_Chi_Minh")

    with vietnam.reading():
        pass  # no error: no day depends on the zone
    with vietnam.writing():
        pass

    assert rows(vietnam, "SELECT value FROM ops.metadata WHERE name = 'business_timezone'") == [
        ("Asia/Ho_Chi_Minh",)
    ]
    load_records(vietnam, 1, [comment("1")])
    with pytest.raises(BusinessTimezoneChangedError), warehouse.writing():
        pass
