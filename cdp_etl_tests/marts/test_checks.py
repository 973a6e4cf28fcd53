"""The checks between marts: they hold after any run, and each finds the fault that it is there for."""

from collections.abc import Sequence

import pytest

from cdp_etl.marts.catalogue import MARTS
from cdp_etl.marts.checks import CHECKS, run_checks
from cdp_etl.marts.errors import MartGrainError
from cdp_etl.marts.interaction import INTERACTION
from cdp_etl.marts.keeping import run_mart, run_marts
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, REVIEW, Loader, happened


@pytest.fixture
def filled(loader: Loader) -> Loader:
    loader.load(ACTIVITY, 1, [happened(ACTIVITY, "1", who=("c:1", "e:a")), happened(ACTIVITY, "2", who=())])
    loader.load(REVIEW, 1, [happened(REVIEW, "1", rating=4, who=("e:a",))])
    loader.load(EMAIL, 1, [happened(EMAIL, "1", who=("e:a",), campaign_id="K")])
    run_marts(loader.warehouse, loader.settings)
    return loader


def _failing(loader: Loader) -> Sequence[tuple[str, str]]:
    return [(found.check.mart, found.check.name) for found in run_checks(loader.warehouse) if not found.passed]


def test_all_checks_hold_after_a_run(filled: Loader) -> None:
    assert _failing(filled) == []


def test_every_mart_has_a_check_and_every_check_says_what_it_means() -> None:
    assert {check.mart for check in CHECKS} == {mart.name for mart in MARTS}
    assert all(check.description.endswith(".") for check in CHECKS)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        pytest.param(
            "INSERT INTO marts.interaction_daily FROM marts.interaction_daily",
            ("interaction_daily", "grain_is_unique"),
            id="a row twice",
        ),
        pytest.param(
            "DELETE FROM marts.interaction WHERE entity = 'email_interaction'",
            ("interaction", "agrees_with_staging"),
            id="an entity missing",
        ),
        pytest.param(
            "UPDATE marts.interaction_daily SET interaction_count = 9",
            ("interaction_daily", "totals_agree_with_interaction"),
            id="a wrong count by day",
        ),
        pytest.param(
            "UPDATE marts.customer_product_daily SET interaction_count = 9",
            ("customer_product_daily", "totals_agree_with_interaction"),
            id="a wrong count by customer and product",
        ),
        pytest.param(
            "DELETE FROM marts.customer_identity WHERE identifier = 'c:1'",
            ("customer_identity", "customer_keys_are_known"),
            id="a customer that is no person",
        ),
        pytest.param(
            "UPDATE marts.customer_product SET product_sku = 'S2'",
            ("customer_product", "totals_agree_with_customer_product_daily"),
            id="a pair of another product",
        ),
        pytest.param(
            "DELETE FROM marts.product", ("product", "totals_agree_with_interaction"), id="a product missing"
        ),
        pytest.param(
            "DELETE FROM marts.customer", ("customer", "totals_agree_with_interaction"), id="a customer missing"
        ),
        pytest.param(
            "DELETE FROM marts.campaign_daily",
            ("campaign_daily", "totals_agree_with_interaction"),
            id="a campaign missing",
        ),
    ],
)
def test_each_check_finds_its_fault(filled: Loader, damage: str, found: tuple[str, str]) -> None:
    with filled.warehouse.writing() as connection:
        connection.execute(damage)

    assert found in _failing(filled)


def test_a_run_that_would_leave_two_rows_of_one_record_is_undone(filled: Loader) -> None:
    """Only a feed that tells the wrong day could make one; the rest of the mart must not suffer from it."""
    with filled.warehouse.writing() as connection:
        connection.execute("UPDATE marts.interaction SET activity_date = activity_date - 1 WHERE record_id = '2'")
    filled.load(ACTIVITY, 2, [happened(ACTIVITY, "2", on=2)])

    with pytest.raises(
        MartGrainError, match="The run of the mart interaction was undone: 1 of its touched groups"
    ):
        run_mart(filled.warehouse, INTERACTION, filled.settings)

    assert filled.rows("SELECT count(*) AS n FROM marts.interaction") == [{"n": 4}]
