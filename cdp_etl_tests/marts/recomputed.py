"""Independent recomputation of the marts from the delivered lines, in dicts and loops.

It imports neither polars nor SQL nor any module of `cdp_etl`, follows the documentation alone, and is slow.
`recomputed_persons.py` has the marts by person and by product; `test_recomputed.py` compares both with DuckDB.
"""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

Row = dict[str, Any]

ENTITIES = {
    "customer-product-activity": ("actionId", "actionAt"),
    "email-interaction": ("id", "eventAt"),
    "sms-interaction": ("id", "eventAt"),
    "customer-product-comment": ("commentId", "commentedAt"),
    "customer-product-review": ("reviewId", "reviewedAt"),
    "customer-product-subscriber": ("subscribeId", "subscribeAt"),
}
"""Entities by contract name, with the fields of their id and their main timestamp."""

EVENT_TYPES = {
    "bounced": "hard_bounced",
    "complaint": "complained",
    "spam": "complained",
    "request": "requested",
    "uniqueopened": "opened",
    "proxyopen": "machine_opened",
    "click": "clicked",
    "groupresubscribe": "resubscribed",
    "unsubscribe": "unsubscribed",
} | {name: name for name in ("sent", "delivered", "opened", "clicked", "unsubscribed", "failed", "resubscribed")}
"""Type of an event by its word without underscores: the words of the generators that any provider may use."""

ACTION_TYPES = {
    "search": "search",
    "view": "view",
    "wishlist": "wishlist",
    "addtocart": "add_to_cart",
    "purchase": "purchase",
    "compare": "compare",
    "share": "share",
    "buy": "purchase",
    "thêmvàogiỏ": "add_to_cart",
}
"""Type of an action by its word without underscores: the words of the generators."""

PURCHASES = {"purchase", "view", "search"}
REFUNDS = {"refund", "compare"}
"""Action types that are purchases and refunds. The generators deliver few of them, so others count here."""

SENT = {"requested", "sent", "delivered"}

PRODUCT_KINDS = ("activity", "comment", "review", "subscribe", "unsubscribe")
KINDS = (*PRODUCT_KINDS, "email", "sms")


@dataclass(frozen=True)
class Version:
    """A record as delivered in one dump."""

    entity: str
    dump_date: date
    record: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """Return a text field in NFC and trimmed, or None if it is empty."""
        value = self.record.get(name)
        return None if value is None else unicodedata.normalize("NFC", str(value)).strip() or None

    @property
    def own_id(self) -> str:
        """Id of the record in its source system."""
        return self.text(ENTITIES[self.entity][0]) or ""

    @property
    def company(self) -> str:
        """Company of the record; empty if none is named."""
        return self.text("internalCompanyId") or ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Key of the record over all entities."""
        return (self.entity, self.company, self.text("systemName") or "", self.own_id)

    @property
    def is_deleted(self) -> bool:
        """True if the version deletes the record."""
        return (self.text("recordStatus") or "").lower() == "deleted"

    @property
    def occurred_at(self) -> datetime:
        """Timestamp of the record, UTC."""
        milliseconds = self.record[ENTITIES[self.entity][1]] - 3_600_000 * self.record.get("timezoneGmt", 0)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)

    @property
    def place(self) -> tuple[datetime, date, str, str, str]:
        """Position in the total order that decides which version is newer."""
        system = self.text("systemName") or ""
        return (self.occurred_at, self.dump_date, system, self.own_id, self.entity.replace("-", "_"))

    @property
    def identifiers(self) -> list[str]:
        """Identifiers of the customer, the best first; without a masked contact and the placeholder `GUEST`."""
        customer = self.text("customerId") or ""
        mail = (self.text("customerEmail") or self.text("email") or "").lower()
        phone = (self.text("customerPhone") or self.text("phoneNumber") or "").replace(" ", "")
        dialled = re.fullmatch(r"(?:0|\+?84)(\d{9})", phone)
        return [
            *([f"c:{customer}"] if customer and customer != "GUEST" else []),
            *([f"e:{mail}"] if re.fullmatch(r"[a-z0-9.]+@[a-z.]+", mail) else []),
            *([f"p:+84{dialled[1]}"] if dialled else []),
        ]

    @property
    def customer_key(self) -> str | None:
        """Best identifier, or None."""
        return next(iter(self.identifiers), None)


def read_dump(entity: str, dump_date: date, files: Iterable[Path]) -> dict[tuple[str, ...], Version]:
    """Return the records of a dump by key; the last delivered record of a key wins."""
    return {version.key: version for version in read_versions(entity, dump_date, files)}


def read_versions(entity: str, dump_date: date, files: Iterable[Path]) -> Iterator[Version]:
    """Yield all records of a dump in the order of delivery."""
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            delivered = json.loads(line)
            for entry in delivered.get("entries", [delivered]):
                source = {"systemName": delivered["source"]} if "source" in delivered else {}
                yield Version(entity, dump_date, source | entry)


def current(dumps: Iterable[Mapping[tuple[str, ...], Version]]) -> list[Version]:
    """Return the current records of all dumps: the newest dump's version of each key, unless it is deleted."""
    newest: dict[tuple[str, ...], Version] = {}
    for dump in dumps:
        for key, version in dump.items():
            if key not in newest or newest[key].dump_date < version.dump_date:
                newest[key] = version
    return [version for version in newest.values() if not version.is_deleted]


def rounded(number: Fraction, digits: int) -> float:
    """Return a number with so many decimals, half away from zero."""
    units = abs(number) * 10**digits
    nearest = int(units) + (units - int(units) >= Fraction(1, 2))
    return float(Fraction(nearest if number >= 0 else -nearest, 10**digits))


def snake(words: str) -> str:
    """Return a name in lower snake case."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words)).lower()


def event_type(version: Version) -> str | None:
    """Return the type of a message's event, None for other records and for unknown words."""
    return EVENT_TYPES.get(snake(version.text("event") or "").replace("_", ""))


def interaction(records: Iterable[Version]) -> list[Row]:
    """Return the rows of `interaction`."""
    return [_interaction(version) for version in records]


def _interaction(version: Version) -> Row:
    entity = version.entity
    word = entity.removeprefix("customer-product-").removesuffix("-interaction")
    is_message = word in {"email", "sms"}
    kind = word if word != "subscriber" else (version.text("status") or "").lower().removesuffix("d")
    price = version.record.get("price") if word == "activity" else None
    if word in {"comment", "review"}:
        price = version.record.get("productPrice4Sale", version.record.get("productPrice"))
    quantity = version.record.get("quantity") if word == "activity" else None
    channel = {"subscriber": (version.text("sourceChannel") or "").lower() or None}
    link = (version.text("link") or version.text("link2")) if is_message else version.text("productLink")
    action_word = snake(version.text("action") or "").replace("_", "")
    activity_type = ACTION_TYPES.get(action_word, "other")
    amount = None if price is None else Decimal(str(price)) * (1 if quantity is None else quantity)
    return {
        "entity": entity.replace("-", "_"),
        "record_key": "|".join(version.key[1:]),
        "company_id": version.company,
        "system_name": version.text("systemName"),
        "record_id": version.own_id,
        "dump_date": version.dump_date,
        "occurred_at": version.occurred_at,
        "activity_date": version.occurred_at.date(),
        "kind": kind,
        "action": {"activity": snake(version.text("action") or "")}.get(word)
        or (f"{word}_{snake(version.text('event') or '')}" if is_message else kind),
        "action_type": None if is_message else kind if word != "activity" else activity_type,
        "event_type": event_type(version),
        "customer_key": version.customer_key,
        "product_sku": None if is_message else version.text("productSku"),
        "product_category_id": version.text("productCategoryId") if word != "subscriber" else None,
        "quantity": quantity,
        "amount": amount,
        **sale(activity_type if word == "activity" else None, quantity, amount),
        "rating": version.record.get("rating") if word == "review" else None,
        "channel": word if is_message else channel.get(word),
        "service_provider": version.text("serviceProvider") if is_message else None,
        "campaign_id": version.text("campaignId") if is_message else None,
        "campaign_name": version.text("campaignName") if is_message else None,
        "link": None if word == "subscriber" else link,
    }


def sale(action_type: str | None, quantity: int | None, amount: Decimal | None) -> Row:
    """Return the sale of a record: a refund lowers quantity and revenue."""
    if action_type not in PURCHASES | REFUNDS:
        return {"sale_type": None, "sale_quantity": None, "revenue": None}
    units = 1 if quantity is None else quantity
    if action_type in REFUNDS:
        return {
            "sale_type": "refund",
            "sale_quantity": -abs(units),
            "revenue": None if amount is None else -abs(amount),
        }
    return {"sale_type": "purchase", "sale_quantity": units, "revenue": amount}


def sales(rows: Sequence[Row]) -> Row:
    """Return the totals of the purchases and refunds among some rows."""
    sold = [row for row in rows if row["sale_type"]]
    return {
        "purchase_count": sum(row["sale_type"] == "purchase" for row in sold),
        "refund_count": sum(row["sale_type"] == "refund" for row in sold),
        "sale_quantity": Decimal(sum(row["sale_quantity"] for row in sold)),
        "revenue": sum((row["revenue"] for row in sold if row["revenue"] is not None), Decimal(0)),
        "sale_without_amount_count": sum(row["revenue"] is None for row in sold),
    }


def grouped(rows: Iterable[Row], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Row]]]:
    """Yield the rows of each group, with the values of the columns that they are grouped by."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    yield from groups.items()


def place(row: Row) -> tuple[Any, ...]:
    """Return the position of a row in the total order that decides which row is newer."""
    return (row["occurred_at"], row["dump_date"], row["system_name"] or "", row["record_id"])


def _newest(rows: Iterable[Row], name: str, value: Mapping[int, Any]) -> Row | None:
    found = max(((*place(row), value[id(row)]) for row in rows), default=None)
    if found is None:
        return None
    return dict(zip(("occurred_at", "dump_date", "system_name", "record_id", name), found, strict=True))


def counts(rows: Sequence[Row], kinds: Sequence[str]) -> Row:
    """Return the number of rows, in total and by kind."""
    return {"interaction_count": len(rows)} | {
        f"{kind}_count": sum(row["kind"] == kind for row in rows) for kind in kinds
    }


def span(rows: Sequence[Row]) -> Row:
    """Return the timestamps of the first and the last row."""
    timestamps = [row["occurred_at"] for row in rows]
    return {"first_at": min(timestamps), "last_at": max(timestamps)}


def customer_product_daily(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of `customer_product_daily`."""
    known = [row for row in rows if row["customer_key"] and row["product_sku"]]
    names = ("company_id", "activity_date", "customer_key", "product_sku")
    return [dict(zip(names, values, strict=True)) | _pair_day(group) for values, group in grouped(known, *names)]


def _pair_day(rows: list[Row]) -> Row:
    amounts = [row["amount"] for row in rows if row["kind"] == "activity" and row["amount"] is not None]
    rated = [row for row in rows if row["rating"] is not None]
    subscriptions = [row for row in rows if row["kind"] in {"subscribe", "unsubscribe"}]
    return {
        **counts(rows, PRODUCT_KINDS),
        "action_counts": dict(Counter(row["action"] for row in rows)),
        "activity_amount": sum(amounts) if amounts else None,
        "ratings": sorted(row["rating"] for row in rated),
        "newest_rating": _newest(rated, "rating", {id(row): row["rating"] for row in rated}),
        "newest_subscription": _newest(
            subscriptions, "is_subscribed", {id(row): row["kind"] == "subscribe" for row in subscriptions}
        ),
        **sales(rows),
        **span(rows),
    }


def campaign_daily(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of `campaign_daily`."""
    campaign = ("company_id", "channel", "service_provider", "campaign_id")
    events = [row for row in rows if row["kind"] in {"email", "sms"} and row["campaign_id"]]
    return [
        dict(zip(campaign, values, strict=True)) | {"activity_date": day} | _campaign_day(group, day)
        for values, group in grouped(events, *campaign)
        for day in {row["activity_date"] for row in group}
    ]


def _campaign_day(events: list[Row], day: date) -> Row:
    days: dict[str, dict[str | None, set[date]]] = defaultdict(lambda: defaultdict(set))
    for row in events:
        if row["customer_key"]:
            days[row["customer_key"]][row["event_type"]].add(row["activity_date"])
    today = [row for row in events if row["activity_date"] == day]
    cohort = [
        set(of_type)
        for of_type in days.values()
        if min((first for name in SENT & set(of_type) for first in of_type[name]), default=None) == day
    ]
    counted = {
        name: sum(bool(types & found) for found in cohort)
        for name, types in {
            "delivered": {"delivered"},
            "opened": {"opened"},
            "opened_with_machines": {"opened", "machine_opened"},
            "clicked": {"clicked"},
            "unsubscribed": {"unsubscribed"},
        }.items()
    }
    rates = {
        name: rounded(Fraction(counted[of], len(cohort)), 6) if cohort else None
        for name, of in {
            "open_rate": "opened",
            "open_rate_with_machines": "opened_with_machines",
            "click_rate": "clicked",
        }.items()
    }
    named = [(*place(row), row["campaign_name"]) for row in today if row["campaign_name"]]
    return {
        "campaign_name": max(named)[-1] if named else None,
        "event_count": len(today),
        "event_counts": dict(Counter(row["action"].partition("_")[2] for row in today)),
        "event_type_counts": dict(Counter(row["event_type"] or "other" for row in today)),
        "recipient_count": len({row["customer_key"] for row in today} - {None}),
        "cohort_count": len(cohort),
        **{f"cohort_{name}_count": count for name, count in counted.items()},
        **rates,
    }


def customer_identity(records: Iterable[Version], maximum: int) -> list[Row]:
    """Return the rows of `customer_identity`, by joining sets of identifiers that share a record."""
    sets: dict[str, list[list[str]]] = defaultdict(list)
    for version in records:
        sets[version.company].append(version.identifiers)
    return [row for company, found in sets.items() for row in _persons(company, found, maximum)]


def _persons(company: str, records: list[list[str]], maximum: int) -> Iterator[Row]:
    neighbours: dict[str, set[str]] = defaultdict(set)
    for names in records:
        for name in names:
            neighbours[name] |= set(names) - {name}
    counts = {
        name: {kind: sum(other.startswith(kind) for other in others) for kind in ("c:", "e:", "p:")}
        for name, others in neighbours.items()
    }
    words = {"c:": "customer ids", "e:": "emails", "p:": "phones"}
    shared = {
        name: f"occurs with {count} {words[kind]}, more than {maximum}"
        for name, by_kind in counts.items()
        for kind, count in reversed(by_kind.items())
        if count > maximum
    }
    person = {name: {name} for name in neighbours}
    for names in records:
        for one, other in combinations([name for name in names if name not in shared], 2):
            if person[one] is not person[other]:
                person[one] |= person[other]
                for name in person[other]:
                    person[name] = person[one]
    for name, by_kind in counts.items():
        yield {
            "company_id": company,
            "identifier": name,
            "person_id": min(person[name]),
            "customer_id_count": by_kind["c:"],
            "email_count": by_kind["e:"],
            "phone_count": by_kind["p:"],
            "exclusion_reason": shared.get(name),
        }
