"""Independent recomputation of the marts of campaigns and the sales attributed to them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any

from cdp_etl_tests.marts.recomputed import Row, grouped, place, rounded

WINDOW_DAYS, TOUCHES = 30, ("clicked", "opened")
"""Settings of the test: the generated month has few sales soon after a click."""
CAMPAIGN = ("company_id", "channel", "service_provider", "campaign_id")


def campaign_attribution(attributed: Sequence[Row]) -> list[Row]:
    """Return the rows of `campaign_attribution`, from interactions with persons."""
    touches: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in attributed:
        if row["event_type"] in TOUCHES and row["campaign_id"]:
            touches[row["company_id"], row["person_id"]].append(row)
    shares: list[Row] = []
    for sale in attributed:
        before = [
            touch
            for touch in touches[sale["company_id"], sale["person_id"]]
            if timedelta(0) <= sale["occurred_at"] - touch["occurred_at"] < timedelta(days=WINDOW_DAYS)
        ]
        if sale["sale_type"] and before:
            shares += _shares(sale, sorted(before, key=lambda touch: (*place(touch), touch["entity"])))
    names = (*CAMPAIGN, "activity_date", "model")
    return [
        dict(zip(names, values, strict=True))
        | {
            "person_count": len({row["person_id"] for row in group}),
            "share_count": len(group),
            "attributed_purchases": sum((row["purchases"] for row in group), Decimal(0)),
            "attributed_revenue": sum((row["revenue"] for row in group), Decimal(0)),
        }
        for values, group in grouped(shares, *names)
    ]


def _shares(sale: Row, touches: Sequence[Row]) -> Iterable[Row]:
    """Yield the shares of a sale by all models; the touches are in order."""
    purchase = Decimal(sale["sale_type"] == "purchase")
    revenue = sale["revenue"] or Decimal(0)
    for model, credited in (
        ("last_touch", touches[-1:]),
        ("first_touch", touches[:1]),
        ("linear", touches),
    ):
        parts = zip(credited, _parts(purchase, len(credited)), _parts(revenue, len(credited)), strict=True)
        for touch, purchases, amount in parts:
            yield {
                **{name: touch[name] for name in CAMPAIGN},
                "activity_date": sale["activity_date"],
                "person_id": sale["person_id"],
                "model": model,
                "purchases": purchases,
                "revenue": amount,
            }


def _parts(total: Decimal, number: int) -> Sequence[Decimal]:
    """Return equal parts with four decimals; the last one has the rest."""
    part = (total / number).quantize(Decimal("0.0001"), ROUND_DOWN)
    return [*[part] * (number - 1), total - part * (number - 1)]


def campaign(days: Iterable[Row], attribution: Iterable[Row]) -> list[Row]:
    """Return the rows of `campaign`, by last touch."""
    credit: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in attribution:
        if row["model"] == "last_touch":
            credit[tuple(row[name] for name in CAMPAIGN)].append(row)
    return [
        dict(zip(CAMPAIGN, values, strict=True)) | _campaign(group) | _credit(credit[values])
        for values, group in grouped(days, *CAMPAIGN)
    ]


def _campaign(days: Sequence[Row]) -> Row:
    names = [(row["activity_date"], row["campaign_name"]) for row in days if row["campaign_name"]]
    counted = {
        name: sum(row[f"cohort_{name}_count"] for row in days)
        for name in ("delivered", "opened", "opened_with_machines", "clicked", "unsubscribed")
    }
    sent = sum(row["cohort_count"] for row in days)
    return {
        "campaign_name": max(names)[1] if names else None,
        "first_date": min(row["activity_date"] for row in days),
        "last_date": max(row["activity_date"] for row in days),
        "event_count": sum(row["event_count"] for row in days),
        "sent_count": sent,
        **{f"{name}_count": count for name, count in counted.items()},
        "open_rate": rounded(Fraction(counted["opened"], sent), 6) if sent else None,
        "click_rate": rounded(Fraction(counted["clicked"], sent), 6) if sent else None,
    }


def _credit(rows: Sequence[Row]) -> Row:
    return {
        "attribution_model": "last_touch",
        "attributed_purchases": sum((row["attributed_purchases"] for row in rows), Decimal(0)),
        "attributed_revenue": sum((row["attributed_revenue"] for row in rows), Decimal(0)),
    }
