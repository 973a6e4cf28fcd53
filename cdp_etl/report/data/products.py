"""Products: the day's top by interactions, and those with a significant change from week to week.

All interactions of known customers count: view, wishlist, purchase, comment, review, subscription.

House rule: a change is significant from three standard deviations of two equal Poisson rates on, that is if
`abs(week - week_before) / sqrt(week + week_before) >= 3`. From one to two interactions is not significant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import duckdb

from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.query import run_query

_MAX_TOP: Final = 10
_MAX_MOVERS: Final = 5
_MIN_SCORE: Final = 3.0
WEEKS_COMPARED: Final = timedelta(days=14)
"""Two weeks: the latest seven days and the seven before."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a company, with its numbers of interactions.

    Attributes:
        company_id: The company; empty if the records name none.
        product_sku: Its SKU.
        day_count: Interactions on the day.
        day_customer_count: Distinct customers on the day, by their best identifier.
        week_count: Interactions of the seven days that end with the day.
        week_before_count: Interactions of the seven days before.
        score: Difference of the weeks in standard deviations; negative if the week has fewer interactions.
        day_rank: Rank by interactions of the day, from 1.
        rise_rank: Rank by score, highest first.
        fall_rank: Rank by score, lowest first.
        name: Newest name; None if no record has one.
    """

    company_id: str
    product_sku: str
    day_count: int
    day_customer_count: int
    week_count: int
    week_before_count: int
    score: float
    day_rank: int
    rise_rank: int
    fall_rank: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Products:
    """Products of the report: the day's top, and those with the most significant changes, largest change first."""

    top: tuple[Product, ...]
    rising: tuple[Product, ...]
    falling: tuple[Product, ...]


def read_products(connection: duckdb.DuckDBPyConnection, last: date) -> Products:
    """Return the top products of the day `last`, and the changes of the week that ends with it."""
    found = run_query(
        connection,
        "products",
        Product,
        last=last,
        max_top=_MAX_TOP,
        max_movers=_MAX_MOVERS,
        min_score=_MIN_SCORE,
    )
    names = _names(connection, found, last)
    named = [replace(product, name=names.get((product.company_id, product.product_sku))) for product in found]
    return Products(
        top=tuple(p for p in named if p.day_rank <= _MAX_TOP and p.day_count > 0),
        rising=_ordered(p for p in named if p.score >= _MIN_SCORE and p.rise_rank <= _MAX_MOVERS),
        falling=_ordered(p for p in named if p.score <= -_MIN_SCORE and p.fall_rank <= _MAX_MOVERS),
    )


def _ordered(products: Iterable[Product]) -> tuple[Product, ...]:
    return tuple(sorted(products, key=lambda product: (-abs(product.score), product.product_sku)))


def _names(
    connection: duckdb.DuckDBPyConnection, products: Iterable[Product], last: date
) -> dict[tuple[str, str], str]:
    """Return the newest name of each product in the records of the two weeks."""
    named = " UNION ALL ".join(
        f"""
        SELECT company_id, product_sku, product_name, occurred_at, dump_date, record_key
        FROM staging.{entity.table}_current
        WHERE activity_date BETWEEN $first AND $last AND list_contains($skus, product_sku)
        """
        for entity in ENTITIES
        if "product_name" in entity.model.fields
    )
    rows = connection.execute(
        f"""
        SELECT company_id, product_sku, max_by(product_name, row(occurred_at, dump_date, record_key))
        FROM ({named})
        WHERE product_name IS NOT NULL
        GROUP BY company_id, product_sku
        """,
        {
            "first": last - WEEKS_COMPARED,
            "last": last,
            "skus": sorted({product.product_sku for product in products}),
        },
    ).fetchall()
    return {(company, sku): name for company, sku, name in rows}
