"""Independent recomputation of the marts by person and by product; `recomputed.py` has the others."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from cdp_etl_tests.marts.recomputed import (
    KINDS,
    PRODUCT_KINDS,
    Row,
    Version,
    counts,
    grouped,
    place,
    rounded,
    sales,
    snake,
    span,
)

WEIGHTS = {
    "purchase": 10, "add_to_cart": 4, "wishlist": 3, "review": 3, "subscribe": 3, "comment": 2, "view": 1,
    "search": 1, "unsubscribe": -3,
}  # fmt: skip # the table in docs/marts.md
LOW_RATING, HIGHEST_LOW_RATING, OTHER, HALF_LIFE, INFLUENCE = -5, 2, 1, 30, timedelta(days=7)


def by_person(rows: Iterable[Row], identity: Iterable[Row]) -> list[Row]:
    """Return the interactions that have a customer, each with the person of the customer."""
    person = {(row["company_id"], row["identifier"]): row["person_id"] for row in identity}
    return [
        row | {"person_id": person[row["company_id"], row["customer_key"]]} for row in rows if row["customer_key"]
    ]


def customer_product(attributed: Iterable[Row]) -> list[Row]:
    """Return the rows of `customer_product`."""
    names = ("company_id", "person_id", "product_sku")
    pairs = [
        dict(zip(names, values, strict=True)) | _pair(group)
        for values, group in grouped([row for row in attributed if row["product_sku"]], *names)
    ]
    for _, group in grouped(pairs, "company_id", "person_id"):
        group.sort(key=lambda row: row["product_sku"])
        group.sort(key=lambda row: row["last_at"], reverse=True)
        group.sort(key=lambda row: row["affinity_score"], reverse=True)
        group.sort(key=lambda row: row["affinity_order"] or -math.inf, reverse=True)
        for rank, row in enumerate(group, 1):
            row["affinity_rank"] = rank
    return pairs


def _pair(rows: list[Row]) -> Row:
    last = max(row["activity_date"] for row in rows)
    score = affinity_score([(row["activity_date"], _weight(row)) for row in rows])
    rated = [(*place(row), row["rating"]) for row in rows if row["rating"] is not None]
    subscriptions = [
        (*place(row), row["kind"] == "subscribe") for row in rows if row["kind"].endswith("subscribe")
    ]
    return {
        **counts(rows, PRODUCT_KINDS),
        "active_day_count": len({row["activity_date"] for row in rows}),
        **sales(rows),
        **span(rows),
        "last_date": last,
        "last_rating": max(rated)[-1] if rated else None,
        "is_subscribed": max(subscriptions)[-1] if subscriptions else None,
        "affinity_score": float(score),
        "affinity_order": _order(score, last) if score > 0 else None,
    }


def affinity_score(points: Iterable[tuple[date, int]]) -> Decimal:
    """Return the sum of points, day by day: it decays by the days that passed, and has six decimals."""
    by_day: dict[date, int] = defaultdict(int)
    for day, weight in points:
        by_day[day] += weight
    (before, weight), *later = sorted(by_day.items())
    score = Decimal(weight)
    for day, weight in later:
        share = decimals(Decimal("0.5") ** (Decimal((day - before).days) / HALF_LIFE), 15)
        score, before = decimals(score * share, 6) + weight, day
    return score


def decimals(number: Decimal, digits: int) -> Decimal:
    """Return a number with so many decimals, half away from zero."""
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _order(score: Decimal, last: date) -> float:
    days = Decimal((last - date(2000, 1, 1)).days)
    return float(decimals(score.ln() / Decimal(2).ln() + days / HALF_LIFE, 6))


def _weight(row: Row) -> int:
    if row["rating"] is not None and row["rating"] <= HIGHEST_LOW_RATING:
        return LOW_RATING
    return WEIGHTS.get(row["action"], OTHER)


def campaign_influence(attributed: Sequence[Row]) -> list[Row]:
    """Return the rows of `campaign_influence`: an interaction counts for the last click before it."""
    clicks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in attributed:
        if row["event_type"] == "clicked" and row["campaign_id"]:
            clicks[row["company_id"], row["person_id"]].append(row)
    campaign = ("company_id", "channel", "service_provider", "campaign_id")
    attributed_rows = []
    for row in attributed:
        before = [
            click
            for click in clicks[row["company_id"], row["person_id"]]
            if timedelta(0) <= row["occurred_at"] - click["occurred_at"] <= INFLUENCE
        ]
        if row["product_sku"] and before:
            last = max(before, key=place)
            attributed_rows.append(
                {name: last[name] for name in campaign}
                | {name: row[name] for name in ("product_sku", "activity_date", "person_id")}
            )
    names = (*campaign, "product_sku", "activity_date")
    return [
        dict(zip(names, values, strict=True))
        | {"interaction_count": len(group), "person_count": len({row["person_id"] for row in group})}
        for values, group in grouped(attributed_rows, *names)
    ]


def customer(
    attributed: Sequence[Row],
    identity: Sequence[Row],
    records: Sequence[Version],
    consent: Mapping[tuple[str, str, str], bool],
) -> list[Row]:
    """Return the rows of `customer`; `consent` is the result of `recomputed_consent.person_consent`."""
    person = {(row["company_id"], row["identifier"]): row["person_id"] for row in identity}
    identifiers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (company, name), owner in person.items():
        identifiers[company, owner].append(name)
    names: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for version in records:
        if version.text("customerName") and version.customer_key:
            owner = person[version.company, version.customer_key]
            names[version.company, owner].append((version.place, version.text("customerName")))
    return [
        {
            "company_id": company,
            "person_id": owner,
            "customer_name": max(names[company, owner])[1] if names[company, owner] else None,
            "identifiers": sorted(identifiers[company, owner]),
            **counts(group, KINDS),
            **sales(group),
            "last_purchase_date": max(
                (row["activity_date"] for row in group if row["sale_type"] == "purchase"), default=None
            ),
            **span(group),
            **{f"has_{channel}_consent": consent.get((company, owner, channel)) for channel in ("email", "phone")},
        }
        for (company, owner), group in grouped(attributed, "company_id", "person_id")
    ]


def customer_rfm(customers: Iterable[Row], interactions: Sequence[Row]) -> list[Row]:
    """Return the rows of `customer_rfm` from those of `customer` and `interaction`."""
    return [
        row
        for (company,), group in grouped([row for row in customers if row["purchase_count"]], "company_id")
        for row in _rfm_of_company(
            group, max(row["activity_date"] for row in interactions if row["company_id"] == company)
        )
    ]


def _rfm_of_company(persons: Sequence[Row], as_of: date) -> Iterable[Row]:
    measures = {"recency": "last_purchase_date", "frequency": "purchase_count", "monetary": "revenue"}
    for person in persons:
        quintile = {
            name: math.ceil(Fraction(5 * sum(other[of] <= person[of] for other in persons), len(persons)))
            for name, of in measures.items()
        }
        yield {
            "company_id": person["company_id"],
            "person_id": person["person_id"],
            "as_of_date": as_of,
            "last_purchase_date": person["last_purchase_date"],
            "recency_days": (as_of - person["last_purchase_date"]).days,
            "frequency": person["purchase_count"],
            "monetary": person["revenue"],
            **{f"{name}_quintile": value for name, value in quintile.items()},
            "rfm_segment": _rfm_segment(quintile, person["purchase_count"]),
        }


def _rfm_segment(quintile: Mapping[str, int], frequency: int) -> str:
    """Return the first segment of the table in docs/marts.md whose condition is true."""
    recency, is_frequent = quintile["recency"], quintile["frequency"] >= 4
    is_valuable = is_frequent and quintile["monetary"] >= 4
    if recency >= 4 and (frequency == 1 or is_valuable):
        return "new" if frequency == 1 else "champions"
    if recency >= 3:
        return "loyal" if is_frequent and frequency > 1 else "promising"
    if is_valuable and frequency > 1:
        return "cannot_lose"
    return "at_risk" if recency == 2 else "lost"


def customer_cohort(attributed: Iterable[Row]) -> list[Row]:
    """Return the rows of `customer_cohort`."""
    cells: dict[tuple[str, date, date], list[Row]] = defaultdict(list)
    for (company, _), group in grouped(attributed, "company_id", "person_id"):
        cohort = min(row["activity_date"] for row in group).replace(day=1)
        for row in group:
            cells[company, cohort, row["activity_date"].replace(day=1)].append(row)
    return [
        {
            "company_id": company,
            "cohort_month": cohort,
            "activity_month": month,
            "months_since": 12 * (month.year - cohort.year) + month.month - cohort.month,
            "active_person_count": len({row["person_id"] for row in group}),
            "interaction_count": len(group),
            **{name: value for name, value in sales(group).items() if name in {"purchase_count", "revenue"}},
        }
        for (company, cohort, month), group in cells.items()
    ]


def product(rows: Iterable[Row], records: Iterable[Version]) -> list[Row]:
    """Return the rows of `product`."""
    delivered: dict[tuple[str, str | None], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for version in records:
        priced = {"price": version.record.get("price")}
        if version.entity in {"customer-product-comment", "customer-product-review"}:
            priced = {"price": version.record.get("productPrice4Sale", version.record.get("productPrice"))}
        texts = {snake(name): version.text(name) for name in _ATTRIBUTES}
        if version.entity == "customer-product-subscriber":
            texts, priced = {"product_name": texts["product_name"]}, {}
        for name, value in (texts | priced).items():
            if value is not None:
                exact = Decimal(str(value)) if name == "price" else value
                delivered[version.company, version.text("productSku")][name].append((version.place, exact))
    return [
        {
            "company_id": company,
            "product_sku": sku,
            **{
                name: max(delivered[company, sku][name])[1] if delivered[company, sku][name] else None
                for name in (*map(snake, _ATTRIBUTES), "price")
            },
            **counts(group, ("activity", "comment", "review")),
            "wishlist_count": sum(row["action"] == "wishlist" for row in group),
            "subscription_count": sum(row["kind"] == "subscribe" for row in group),
            "rating_count": len(ratings := [row["rating"] for row in group if row["rating"] is not None]),
            "rating_average": rounded(Fraction(sum(ratings), len(ratings)), 4) if ratings else None,
            **sales(group),
            **span(group),
        }
        for (company, sku), group in grouped(
            [row for row in rows if row["product_sku"]], "company_id", "product_sku"
        )
    ]


_ATTRIBUTES = ("productName", "productCategory", "productCategoryId", "productImageLink", "productLink")


def segment_member(customers: Iterable[Row], conditions: Mapping[str, Callable[[Row], bool]]) -> list[Row]:
    """Return the rows of `segment_member`."""
    return [
        {"company_id": row["company_id"], "segment": name, "person_id": row["person_id"]}
        for row in customers
        for name, holds in conditions.items()
        if holds(row)
    ]
