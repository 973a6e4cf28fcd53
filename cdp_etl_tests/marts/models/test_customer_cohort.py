"""Worked examples of `person_month` and `customer_cohort`."""

from typing import Any

import pytest

from cdp_etl.marts.models.customer_cohort import CUSTOMER_COHORT
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, Loader, make_record

APRIL, MAY = 31, 61
"""Days before the first day of a month; day 1 is 1 March."""


def _activity(
    own_id: str, on: int, person: str, action: str = "View", price: float | None = None
) -> dict[str, Any]:
    return make_record(ACTIVITY, own_id, on=on, identifiers=(person,), action=action, price=price)


@pytest.fixture
def example(loader: Loader) -> Loader:
    """Return a warehouse with the example of docs/marts.md."""
    loader.load(
        ACTIVITY,
        MAY + 10,
        [
            _activity("1", 5, "c:a"),
            _activity("2", 20, "c:a", "Purchase", 100.0),
            _activity("3", APRIL + 2, "c:a", "Purchase", 50.0),
            _activity("4", 31, "c:b"),
            _activity("5", MAY + 3, "c:b", "Purchase", 30.0),
            _activity("6", APRIL + 10, "c:c", "Purchase", 20.0),
        ],
    )
    refresh_mart(loader.warehouse, CUSTOMER_COHORT, loader.settings)
    return loader


def _cells(loader: Loader) -> list[tuple[Any, ...]]:
    rows = loader.rows(
        "SELECT month(cohort_month) AS cohort, months_since, active_person_count, purchase_count,"
        " revenue::INTEGER AS revenue FROM marts.customer_cohort ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def test_the_example_of_the_documentation_and_a_late_record_that_moves_a_person(example: Loader) -> None:
    assert _cells(example) == [(3, 0, 2, 1, 100), (3, 1, 1, 1, 50), (3, 2, 1, 1, 30), (4, 0, 1, 1, 20)]

    example.load(ACTIVITY, MAY + 11, [_activity("7", 1, "c:c")])
    refresh_mart(example.warehouse, CUSTOMER_COHORT, example.settings)

    assert _cells(example) == [(3, 0, 3, 1, 100), (3, 1, 2, 2, 70), (3, 2, 1, 1, 30)]


def test_persons_that_turn_out_to_be_one_are_in_the_earlier_cohort(example: Loader) -> None:
    linked = [make_record(ACTIVITY, "8", on=MAY + 1, identifiers=("c:b", "c:c"), action="View")]
    example.load(ACTIVITY, MAY + 11, linked)
    refresh_mart(example.warehouse, CUSTOMER_COHORT, example.settings)

    assert _cells(example) == [(3, 0, 2, 1, 100), (3, 1, 2, 2, 70), (3, 2, 1, 1, 30)]


def test_a_company_has_cohorts_of_its_own_and_messages_count_as_activity(loader: Loader) -> None:
    loader.load(
        EMAIL,
        2,
        [
            make_record(EMAIL, "1", on=1, identifiers=("e:a@x.vn",)),
            make_record(EMAIL, "2", on=1, identifiers=("e:a@x.vn",), company_id="other"),
        ],
    )
    refresh_mart(loader.warehouse, CUSTOMER_COHORT, loader.settings)

    assert loader.rows(
        "SELECT company_id, active_person_count FROM marts.customer_cohort ORDER BY company_id"
    ) == [
        {"company_id": "", "active_person_count": 1},
        {"company_id": "other", "active_person_count": 1},
    ]
