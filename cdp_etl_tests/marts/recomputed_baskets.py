"""Independent recomputation of the marts of baskets and product pairs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations
from typing import Any

from cdp_etl_tests.marts.recomputed import Row, grouped, rounded

GAPS = {"seen": timedelta(days=4), "bought": timedelta(days=9)}
MAX_PRODUCTS, MIN_BASKETS, MAX_PAIRS = 4, 1, 2
"""Settings of the test: the generated month has few persons with two products on one day."""


def person_basket(attributed: Iterable[Row]) -> list[Row]:
    """Return the rows of `person_basket`, from interactions with persons."""
    return [
        {
            "company_id": company,
            "person_id": person,
            "basket_kind": kind,
            "started_at": basket[0]["occurred_at"],
            "basket_month": _month(basket),
            "product_count": len(products),
            "products": products if len(products) <= MAX_PRODUCTS else None,
        }
        for (company, person), group in grouped(attributed, "company_id", "person_id")
        for kind, gap in GAPS.items()
        for basket in _baskets(group, kind, gap)
        for products in [sorted({row["product_sku"] for row in basket})]
    ]


def _baskets(rows: Iterable[Row], kind: str, gap: timedelta) -> list[list[Row]]:
    baskets: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row["occurred_at"]):
        if not row["product_sku"] or (kind == "bought" and row["sale_type"] != "purchase"):
            continue
        if baskets and row["occurred_at"] - baskets[-1][-1]["occurred_at"] < gap:
            baskets[-1].append(row)
        else:
            baskets.append([row])
    return baskets


def _month(basket: Sequence[Row]) -> date:
    first: date = min(row["activity_date"] for row in basket)
    return first.replace(day=1)


def basket_month(baskets: Iterable[Row]) -> list[Row]:
    """Return the rows of `basket_month`."""
    names = ("company_id", "basket_kind", "basket_month")
    return [
        dict(zip(names, values, strict=True))
        | {
            "basket_count": len(group),
            "left_out_basket_count": sum(row["products"] is None for row in group),
            "person_count": len({row["person_id"] for row in group}),
        }
        for values, group in grouped(baskets, *names)
    ]


def product_pair(baskets: Iterable[Row]) -> list[Row]:
    """Return the rows of `product_pair`."""
    return [
        row
        for values, group in grouped(baskets, "company_id", "basket_kind")
        for row in _pairs(values, [row["products"] for row in group if row["products"]])
    ]


def _pairs(values: tuple[Any, ...], baskets: Sequence[Sequence[str]]) -> Iterable[Row]:
    single = Counter(sku for products in baskets for sku in products)
    pairs = Counter(pair for products in baskets for pair in combinations(products, 2))
    of_product: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for (a, b), count in pairs.items():
        if count >= MIN_BASKETS:
            of_product[a].append((-count, a, b))
            of_product[b].append((-count, a, b))
    ranks: dict[tuple[str, str], int] = {}
    for listed in of_product.values():
        for rank, (_, a, b) in enumerate(sorted(listed)[:MAX_PAIRS], 1):
            ranks[a, b] = min(rank, ranks.get((a, b), rank))
    for (a, b), rank in ranks.items():
        count = pairs[a, b]
        yield {
            "company_id": values[0],
            "basket_kind": values[1],
            "product_a": a,
            "product_b": b,
            "basket_count": count,
            "product_a_basket_count": single[a],
            "product_b_basket_count": single[b],
            "all_basket_count": len(baskets),
            "support": rounded(Fraction(count, len(baskets)), 6),
            "confidence_a_to_b": rounded(Fraction(count, single[a]), 6),
            "confidence_b_to_a": rounded(Fraction(count, single[b]), 6),
            "lift": rounded(Fraction(count * len(baskets), single[a] * single[b]), 6),
            "pair_rank": rank,
        }
