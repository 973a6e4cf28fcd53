"""Worked examples of `customer_rfm`."""

import pytest

from cdp_etl.marts.models.customer_rfm import CUSTOMER_RFM
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, day, make_record

_COLUMNS = "person_id, recency_days, frequency, monetary::INTEGER AS monetary, recency_quintile AS r"
_SCORES = (
    f"SELECT {_COLUMNS}, frequency_quintile AS f, monetary_quintile AS m, rfm_segment FROM marts.customer_rfm"
)

_PURCHASES = {
    "c:1": [(1, 10.0)],
    "c:2": [(1, 10.0), (2, 10.0), (2, 10.0)],
    "c:3": [(5, 20.0), (6, 40.0)],
    "c:4": [(8, 15.0)],
    "c:5": [(3, 25.0), (9, 25.0), (9, 25.0)],
}
"""Days and prices of the purchases of each person of the example in docs/marts.md."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Return a warehouse with the example; day 11 has a search of somebody without purchases."""
    loader = Loader(tmp_path_factory.mktemp("rfm"))
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(
                ACTIVITY, f"{person}-{number}", on=on, identifiers=(person,), action="Purchase", price=price
            )
            for person, purchases in _PURCHASES.items()
            for number, (on, price) in enumerate(purchases)
        ],
    )
    loader.load(ACTIVITY, 11, [make_record(ACTIVITY, "s", on=11, identifiers=("c:6",), action="Search")])
    refresh_mart(loader.warehouse, CUSTOMER_RFM, loader.settings)
    return loader


def test_the_example_of_the_documentation(example: Loader) -> None:
    rows = [tuple(row.values()) for row in example.rows(f"{_SCORES} ORDER BY person_id")]

    assert rows == [
        ("c:1", 10, 1, 10, 1, 2, 1, "lost"),
        ("c:2", 9, 3, 30, 2, 5, 3, "at_risk"),
        ("c:3", 5, 2, 60, 3, 3, 4, "promising"),
        ("c:4", 3, 1, 15, 4, 2, 2, "new"),
        ("c:5", 2, 3, 75, 5, 5, 5, "champions"),
    ]
    assert example.rows("SELECT DISTINCT as_of_date FROM marts.customer_rfm") == [{"as_of_date": day(11)}]


def test_a_new_day_of_anybody_changes_the_recency_of_all(example: Loader) -> None:
    example.load(ACTIVITY, 12, [make_record(ACTIVITY, "t", on=12, identifiers=("c:6",), action="Search")])
    refresh_mart(example.warehouse, CUSTOMER_RFM, example.settings)

    assert example.rows("SELECT recency_days AS days FROM marts.customer_rfm ORDER BY days") == [
        {"days": days} for days in (3, 4, 6, 10, 11)
    ]


def test_persons_with_equal_values_have_the_quintile_of_the_highest_rank_among_them(example: Loader) -> None:
    """Two of five purchased once: rank 2, ceil(5 x 2 / 5) = 2. Two purchased three times: rank 5."""
    found = example.rows("SELECT frequency, frequency_quintile AS f FROM marts.customer_rfm ORDER BY ALL")

    assert [tuple(row.values()) for row in found] == [(1, 2), (1, 2), (2, 3), (3, 5), (3, 5)]
