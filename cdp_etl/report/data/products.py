"""Which products people dealt with: the day's top, and those that moved from one week to the next.

What counts is any interaction of a known customer with a product: looking, wishing, buying, asking, reviewing,
subscribing. House rule for movers: the change is more than three standard deviations of what chance alone would
make, (week - week before) / sqrt(week + week before) >= 3; so a product seen twice instead of once is no mover.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import duckdb

from cdp_etl.entities import ENTITIES
from cdp_etl.report.data.query import ask

_MOST_TOP: Final = 10
_MOST_MOVERS: Final = 5
_LEAST_SCORE: Final = 3.0
COMPARED: Final = timedelta(days=14)
"""Two weeks: the latest seven days and the seven before."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product (of a company) and how much people dealt with it.

    Attributes:
        company_id: The company; empty where none is named.
        product_sku: Its SKU.
        day_count: Interactions on the day.
        day_customer_count: Distinct customers on the day, by their best identifier.
        week_count: Interactions of the seven days that end with the day.
        week_before_count: Interactions of the seven days before.
        score: By how many standard deviations of chance the weeks differ; negative where it fell.
        day_rank: Its place by interactions of the day, from 1.
        rise_rank: Its place by score, the highest first.
        fall_rank: Its place by score, the lowest first.
        name: Its newest name; None where no record names it.
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
    """The products that the report names: the day's top, and the movers, those that moved most first."""

    top: tuple[Product, ...]
    rising: tuple[Product, ...]
    falling: tuple[Product, ...]


def read_products(connection: duckdb.DuckDBPyConnection, last: date) -> Products:
    """Give the top products of the day `last` and the movers of the week that ends with it."""
    found = ask(
        connection,
        "products",
        Product,
        last=last,
        most_top=_MOST_TOP,
        most_movers=_MOST_MOVERS,
        least_score=_LEAST_SCORE,
    )
    names = _names(connection, found, last)
    named = [replace(product, name=names.get((product.company_id, product.product_sku))) for product in found]
    return Products(
        top=tuple(p for p in named if p.day_rank <= _MOST_TOP and p.day_count > 0),
        rising=_moved(p for p in named if p.score >= _LEAST_SCORE and p.rise_rank <= _MOST_MOVERS),
        falling=_moved(p for p in named if p.score <= -_LEAST_SCORE and p.fall_rank <= _MOST_MOVERS),
    )


def _moved(products: Iterable[Product]) -> tuple[Product, ...]:
    return tuple(sorted(products, key=lambda product: (-abs(product.score), product.product_sku)))


def _names(
    connection: duckdb.DuckDBPyConnection, products: Iterable[Product], last: date
) -> dict[tuple[str, str], str]:
    """Give the newest name of each product, from the records of the two weeks."""
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
        {"first": last - COMPARED, "last": last, "skus": sorted({product.product_sku for product in products})},
    ).fetchall()
    return {(company, sku): name for company, sku, name in rows}
