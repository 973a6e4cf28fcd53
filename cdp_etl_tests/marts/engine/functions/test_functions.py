"""Rounding of the marts, against exact fractions."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdp_etl.marts.engine.functions import create_functions, function_definitions
from cdp_etl_tests.marts.recomputed import rounded


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        create_functions(opened)
        yield opened


def _value(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> Any:
    ((value,),) = connection.execute(f"SELECT {sql}", parameters).fetchall()
    return value


def test_every_rate_that_is_exactly_between_two_is_rounded_away_from_zero(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """All ties of six decimals with a cohort of up to 3,200: DuckDB's `round` of the DOUBLE missed 40% of them."""
    ties = [
        (part, whole)
        for whole in (128, 640, 1_280, 3_200)
        for part in range(whole + 1)
        if 2 * part * 10**6 % whole == 0 and 2 * part * 10**6 // whole % 2
    ]
    rates = connection.execute(
        "SELECT round_quotient(part * 1000000, whole) / 1000000"
        " FROM (SELECT unnest($parts::BIGINT[]) AS part, unnest($wholes::BIGINT[]) AS whole)",
        {"parts": [part for part, _ in ties], "wholes": [whole for _, whole in ties]},
    ).fetchall()

    assert len(ties) == 2_304
    assert [rate for (rate,) in rates] == [rounded(Fraction(part, whole), 6) for part, whole in ties]


@given(numerator=st.integers(-(10**35), 10**35), denominator=st.integers(1, 10**15))
@example(numerator=5, denominator=2)
@example(numerator=-5, denominator=2)
@example(numerator=-4, denominator=3)
def test_a_quotient_is_rounded_half_away_from_zero(
    connection: duckdb.DuckDBPyConnection, numerator: int, denominator: int
) -> None:
    exact = Fraction(abs(numerator), denominator) + Fraction(1, 2)

    found = _value(connection, "round_quotient($1::HUGEINT, $2)", numerator, denominator)

    assert found == (exact.__floor__() if numerator >= 0 else -exact.__floor__())


@given(number=st.floats(-1e18, 1e18))
@example(number=0.49999999999999994)
@example(number=4503599627370497.0)
@example(number=-2.5)
def test_a_number_is_rounded_half_away_from_zero(connection: duckdb.DuckDBPyConnection, number: float) -> None:
    assert _value(connection, "round_number(?)", number) == int(Decimal(number).to_integral_value(ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        (19.99, Decimal("19.99")),
        (1.00005, Decimal("1.0001")),
        (-1.00005, Decimal("-1.0001")),
        (99_999_999_999_999.0, Decimal(99_999_999_999_999)),
        (-14_411_518_807_585.5, Decimal("-14411518807585.5")),
        (1e14, None),
        (1e300, None),
        (float("-inf"), None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_a_price_is_an_amount_with_four_decimals(
    connection: duckdb.DuckDBPyConnection, price: float | None, amount: Decimal | None
) -> None:
    assert _value(connection, "to_amount(?::DOUBLE)", price) == amount


def test_a_statement_depends_on_the_functions_that_it_calls() -> None:
    assert function_definitions("SELECT 1 AS round_number") == []
    assert len(function_definitions("SELECT round_quotient(a, b)")) == 1
    assert len(function_definitions("SELECT to_amount(a)")) == 2
