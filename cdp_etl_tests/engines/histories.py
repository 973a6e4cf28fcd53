"""Histories in a warehouse that Spark and DuckDB compute the marts of."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.settings import MartSettings
from cdp_etl.normalize import normalize_dump
from cdp_etl.warehouse import load_dump
from cdp_etl_tests.marts.loading import (
    ACTIVITY,
    COMMENT,
    EMAIL,
    REVIEW,
    SMS,
    SUBSCRIBER,
    Loader,
    at_hour,
    make_record,
)
from cdp_etl_tests.warehouse.dumps import File

AWKWARD_SETTINGS = MartSettings(
    max_customers_per_identifier=2,
    identifier_denylist=("c:GUEST", "c:a\\b'c", "c:"),
    affinity_half_life_days=2.0,
    affinity_weights={"view": 0.000001, "purchase": 2000.0, "low_rating": -2000.0, "other": 1.0},
    segments={
        "odd": r"person_id LIKE 'c:a\%' OR revenue <> abs(revenue)",
        "recent": "last_purchase_date > DATE '2026-03-09' - 9 OR NOT has_email_consent IS NULL",
    },
)


def load_zone(loader: Loader, zone: Path) -> None:
    """Normalize and load all dumps of a landing folder, the last days first."""
    for entity in ENTITIES:
        for folder in sorted((zone / entity.name).iterdir(), reverse=True):
            files = [
                File(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted(folder.glob("part-*"))
            ]
            dump = normalize_dump(
                entity,
                date.fromisoformat(folder.name),
                folder,
                files,
                loader.folder / "lake",
                NormalizationSettings(),
                workers=1,
            )
            load_dump(loader.warehouse, entity, dump, files, max_quarantine_rate=1.0, force=False, run_id=None)


def load_awkward_records(loader: Loader) -> None:
    """Load records whose values engines round, compare, order or escape differently."""
    for entity, records in (
        (ACTIVITY, _activities()),
        (COMMENT, _comments()),
        (REVIEW, _reviews()),
        (SUBSCRIBER, _subscriptions()),
        (EMAIL, _emails()),
        (SMS, _messages()),
    ):
        loader.load(entity, 9, records)
        loader.load(entity, 10, records[::3])  # an older and a newer version of the same keys
    # The newest version of a key deletes it.
    loader.load(ACTIVITY, 11, [make_record(ACTIVITY, "price-0", 5, record_status="Deleted")])


_PRICES = (
    0.285, 1.005, 2.5e-5, 0.00005, 0.00015, 1e11, 99999999999.99995, 12345678901234.56, 1e14, 1e300, -0.285, -1e12,
    0.0,
)  # fmt: skip # ties of rounding, and what does not fit
_NAMES = ("İSTANBUL", "ΑΣ", "straße", "a\\b", "it's", "tab\there", "e\u0301", "\U0001f600", "Z", "a", "ß")
_ACTIONS = ("add_to_cart", "low_rating", "view", "purchase", "i̇stanbul", "ας", "a\\b", "1_2", "product_view")


def _system(*names: str | None) -> Callable[[int], dict[str, Any]]:
    """Return a function that gives a record one of some system names; None: the record has none."""

    def named(number: int) -> dict[str, Any]:
        name = names[number % len(names)]
        return {} if name is None else {"system_name": name}

    return named


def _activities() -> Sequence[dict[str, Any]]:
    priced = [
        make_record(
            ACTIVITY,
            f"price-{number}",
            1 + number % 5,
            price=price,
            quantity=(None, 3, 0, -2)[number % 4],
            product_sku=f"S{number % 3}",
            product_name=_NAMES[number % len(_NAMES)],
            action_folded="purchase",
        )
        for number, price in enumerate(_PRICES)
    ]
    named = [
        make_record(
            ACTIVITY,
            f"action-{number}",
            1 + number % 7,
            23,
            identifiers=(f"c:{number % 4}", "e:shared@x.vn") if number % 2 else ("c:a\\b'c", f"p:+8490{number}"),
            action_folded=action,
            customer_name=_NAMES[number % len(_NAMES)],
            product_sku="S0",
            price=float(number),
            **_system(None, "A", "a")(number),
        )
        for number, action in enumerate(_ACTIONS * 3)
    ]
    # Records of one timestamp, of which some lack values: what counts is decided by the other fields.
    ties = [
        make_record(
            ACTIVITY,
            f"tie-{number}",
            3,
            identifiers=("c:tie",),
            action_folded="view",
            product_sku="TIE",
            customer_name=(None, "b", "a", None)[number % 4],
            product_name=("x", None)[number % 2],
            product_category_id=(None, "9", "10")[number % 3],
            price=(None, 0.285, 1e300)[number % 3],
            company_id=("", "K")[number % 2],
            **_system(None, "", "B")(number),
        )
        for number in range(12)
    ]
    # A chain of persons, a customer of several e-mails, and a denylisted one.
    chain = [
        make_record(
            ACTIVITY,
            f"chain-{number}",
            2,
            identifiers=(f"c:n{number:02}", f"e:m{(number + 1) // 2:02}@x.vn"),
            action_folded="view",
        )
        for number in range(20)
    ]
    return [*priced, *named, *ties, *chain]


def _comments() -> Sequence[dict[str, Any]]:
    return [
        make_record(
            COMMENT,
            f"{number}",
            1 + number,
            0,
            identifiers=("c:1", "e:shared@x.vn"),
            product_price=float(number),
            product_price4_sale=(None, 0.00015)[number % 2],
            placeholders=(None, ["c:null", "p:0"])[number % 2],
        )
        for number in range(6)
    ]


def _reviews() -> Sequence[dict[str, Any]]:
    ratings = (1, 5, 2, None, 9_000_000_000_000_000_000, 9_000_000_000_000_000_000, -7)
    return [
        make_record(REVIEW, f"{number}", 3 + number % 3, number, rating=rating, product_sku=f"R{number % 2}")
        for number, rating in enumerate(ratings)
    ]


def _subscriptions() -> Sequence[dict[str, Any]]:
    return [
        make_record(
            SUBSCRIBER,
            f"{number}",
            4,
            12,
            identifiers=(f"c:{number % 2}", "e:shared@x.vn", "p:+84901"),
            status=("Subscribed", "Unsubscribed")[number % 2],
            subscribe_email=(True, False, None)[number % 3],
            subscribe_phone=True,
            customer_email="shared@x.vn",
            customer_phone="+84901",
            **_system(None, "S")(number),
        )
        for number in range(6)
    ]


def _emails() -> Sequence[dict[str, Any]]:
    """Return 640 recipients of whom 41 open, so that a rate is a tie; clicks of one timestamp."""
    sent = [
        make_record(EMAIL, f"s{number}", 1, identifiers=(f"e:{number}@x.vn",), event="sent", event_folded="sent",
                    campaign_id="tie")
        for number in range(640)
    ]  # fmt: skip # one record
    opened = [
        make_record(EMAIL, f"o{number}", 2, identifiers=(f"e:{number}@x.vn",), event="opened",
                    event_folded="opened", campaign_id="tie")
        for number in range(41)
    ]  # fmt: skip # one record
    clicks = [
        make_record(
            EMAIL,
            f"c{number}",
            2,
            number // 2,
            identifiers=("c:1", "e:shared@x.vn"),
            event="click",
            event_folded="click",
            campaign_id=("a\\b", "A", None)[number % 3],
            occurred_at=at_hour(2, number // 2),
        )
        for number in range(8)
    ]
    stated = [
        make_record(EMAIL, f"u{number}", 3 + number, identifiers=("e:shared@x.vn",), event=event,
                    event_folded=event, campaign_id="A", email="shared@x.vn")
        for number, event in enumerate(("unsubscribed", "resubscribed", "complained"))
    ]  # fmt: skip # one record
    return [*sent, *opened, *clicks, *stated]


def _messages() -> Sequence[dict[str, Any]]:
    return [
        make_record(
            SMS,
            f"{number}",
            1,
            23,
            identifiers=("p:+84901",),
            event="delivered",
            event_folded="delivered",
            campaign_id="sms",
        )
        for number in range(3)
    ]
