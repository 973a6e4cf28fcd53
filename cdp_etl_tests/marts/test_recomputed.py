"""The marts of a generated month equal an independent recomputation in plain Python, row for row.

The month has four weekly dumps per entity. They contain late, corrected and deleted records, and records delivered
twice in one dump or in several. The dumps are loaded out of order, one is redelivered with fewer records, and the
marts are refreshed in between.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.settings import MartSettings
from cdp_etl.normalize import normalize_dump
from cdp_etl.sample.generator import generate
from cdp_etl.warehouse import load_dump
from cdp_etl_tests.marts import (
    recomputed,
    recomputed_baskets,
    recomputed_campaigns,
    recomputed_consent,
    recomputed_persons,
)
from cdp_etl_tests.marts.loading import Loader
from cdp_etl_tests.marts.recomputed import Row, Version
from cdp_etl_tests.warehouse.dumps import File

pytestmark = pytest.mark.full

FIRST = date(2026, 3, 1)
WEEKS = 4
ROWS_A_DAY = 30
_MAX_CUSTOMERS_PER_IDENTIFIER = 5
_SEGMENTS: Mapping[str, tuple[str, Callable[[Row], bool]]] = {
    "buyers": ("purchase_count > 0", lambda row: row["purchase_count"] > 0),
    # A person of whom no statement is known is not in it.
    "reachable": (
        "has_email_consent AND NOT interaction_count < 3",
        lambda row: row["has_email_consent"] is True and row["interaction_count"] >= 3,
    ),
}
"""Condition of each segment, in SQL and in Python."""

Dumps = dict[tuple[str, int], dict[tuple[str, ...], Version]]


class Month:
    """A generated month in the warehouse, and the last delivery of each of its dumps."""

    def __init__(self, folder: Path) -> None:
        self.loader = Loader(
            folder,
            MartSettings(
                purchase_actions=tuple(sorted(recomputed.PURCHASES)),
                refund_actions=tuple(sorted(recomputed.REFUNDS)),
                attribution_days=recomputed_campaigns.WINDOW_DAYS,
                attribution_touches=recomputed_campaigns.TOUCHES,
                session_minutes=recomputed_baskets.GAPS["seen"] // timedelta(minutes=1),
                bought_together_days=recomputed_baskets.GAPS["bought"] // timedelta(days=1),
                max_basket_products=recomputed_baskets.MAX_PRODUCTS,
                pair_min_baskets=recomputed_baskets.MIN_BASKETS,
                max_pairs_per_product=recomputed_baskets.MAX_PAIRS,
                segments={name: sql for name, (sql, _) in _SEGMENTS.items()},
            ),
        )
        self._zone = folder / "zone"
        self._lake = folder / "lake"
        generate(self._zone, FIRST, 7 * WEEKS, ROWS_A_DAY, dirty=0.0)
        self.delivered: Dumps = {}
        self.stated: list[Version] = []

    def load(self, week: int, *, leave_out: int = 0) -> None:
        """Load the dumps of a week, without the first `leave_out` of its days."""
        for entity in recomputed.ENTITIES:
            dump_date = FIRST + timedelta(days=7 * week + 6)
            files = [
                self._zone / entity / str(dump_date - timedelta(days=before)) / "part-1.ndjson"
                for before in reversed(range(leave_out, 7))
            ]
            self.delivered[entity, week] = recomputed.read_dump(entity, dump_date, files)
            self.stated += recomputed.read_versions(entity, dump_date, files)
            self._load(entity, dump_date, files)

    def _load(self, entity: str, dump_date: date, files: Sequence[Path]) -> None:
        named = [
            File(
                str(path.relative_to(self._zone)),
                path.stat().st_size,
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for path in files
        ]
        dump = normalize_dump(
            BY_NAME[entity], dump_date, self._zone, named, self._lake, NormalizationSettings(), workers=1
        )
        assert dump.quarantined == 0
        load_dump(
            self.loader.warehouse,
            BY_NAME[entity],
            dump,
            named,
            max_quarantine_rate=0.0,
            force=False,
            run_id=None,
        )

    def refresh_marts(self) -> None:
        """Refresh all marts."""
        refresh_marts(self.loader.warehouse, self.loader.settings)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    month = Month(tmp_path_factory.mktemp("month"))
    month.load(2)
    month.load(0)
    month.refresh_marts()
    month.load(3)
    month.load(1)
    month.refresh_marts()
    month.load(2, leave_out=2)
    month.refresh_marts()
    return month


@pytest.fixture(scope="module")
def expected(month: Month) -> Mapping[str, list[Row]]:
    records = recomputed.current(month.delivered.values())
    interaction = recomputed.interaction(records)
    identity = recomputed.customer_identity(records, _MAX_CUSTOMERS_PER_IDENTIFIER)
    attributed = recomputed_persons.by_person(interaction, identity)
    customer = recomputed_persons.customer(
        attributed, identity, records, recomputed_consent.person_consent(month.stated, records, identity)
    )
    campaign_daily = recomputed.campaign_daily(interaction)
    attribution = recomputed_campaigns.campaign_attribution(attributed)
    baskets = recomputed_baskets.person_basket(attributed)
    return {
        "basket_month": recomputed_baskets.basket_month(baskets),
        "person_basket": baskets,
        "product_pair": recomputed_baskets.product_pair(baskets),
        "campaign": recomputed_campaigns.campaign(campaign_daily, attribution),
        "campaign_attribution": attribution,
        "interaction": interaction,
        "customer_product_daily": recomputed.customer_product_daily(interaction),
        "campaign_daily": campaign_daily,
        "customer_identity": identity,
        "customer_product": recomputed_persons.customer_product(attributed),
        "campaign_influence": recomputed_persons.campaign_influence(attributed),
        "consent": recomputed_consent.consent(month.stated),
        "customer": customer,
        "customer_cohort": recomputed_persons.customer_cohort(attributed),
        "customer_rfm": recomputed_persons.customer_rfm(customer, interaction),
        "product": recomputed_persons.product(interaction, records),
        "segment_member": recomputed_persons.segment_member(
            customer, {name: holds for name, (_, holds) in _SEGMENTS.items()}
        ),
    }


@pytest.mark.parametrize(
    "mart",
    [
        "basket_month",
        "person_basket",
        "product_pair",
        "campaign",
        "campaign_attribution",
        "interaction",
        "customer_product_daily",
        "campaign_daily",
        "customer_identity",
        "customer_product",
        "campaign_influence",
        "consent",
        "customer",
        "customer_cohort",
        "customer_rfm",
        "product",
        "segment_member",
    ],
)
def test_a_mart_equals_its_recomputation_from_the_delivered_lines(
    month: Month, expected: Mapping[str, list[Row]], mart: str
) -> None:
    without = "* EXCLUDE (key_hash)" if mart == "interaction" else "*"
    found = month.loader.rows(f"SELECT {without} FROM marts.{mart}")

    assert len(found) > (1 if mart in {"customer_cohort", "basket_month"} else 10)
    assert _listed(found) == _listed(expected[mart])


def test_no_struct_has_a_null_field(month: Month) -> None:
    """Engines differ in how they compare null fields, so a struct is null as a whole or has no null."""
    compared = [
        (mart, column) for mart in MARTS for column in mart.select_columns if "STRUCT(" in column.type.duckdb
    ]
    for mart, column in compared:
        found = month.loader.rows(f"SELECT {column.name} AS value FROM {mart.storage_table}")
        assert [row for row in found if _has_null_field(row["value"])] == []
    assert len(compared) > 10


def _has_null_field(value: Any) -> bool:
    return isinstance(value, dict) and any(one is None or _has_null_field(one) for one in value.values())


def test_the_month_has_every_kind_of_difficult_record(month: Month) -> None:
    """Without corrected, deleted, late and redelivered records and masked contacts it would prove little."""
    versions = [version for dump in month.delivered.values() for version in dump.values()]
    records = recomputed.current(month.delivered.values())
    dates = [(version.occurred_at.date(), version.dump_date) for version in records]

    assert len(versions) - len({version.key for version in versions}) > 15
    assert sum(version.is_deleted for version in versions) > 20
    assert sum((dump_date - day).days > 7 for day, dump_date in dates) > 20
    assert sum(not version.identifiers for version in records) > 20


def _listed(rows: Sequence[Row]) -> list[str]:
    """Return rows as sorted JSON texts, so that a difference is shown row by row."""
    return sorted(json.dumps(_plain(row), sort_keys=True, ensure_ascii=False) for row in rows)


def _plain(value: Any) -> Any:
    plain: Mapping[type, Callable[[Any], Any]] = {
        dict: lambda row: {name: _plain(one) for name, one in row.items()},
        list: lambda values: [_plain(one) for one in values],
        Decimal: lambda amount: f"{amount:.4f}",
        float: repr,
    }
    if value is None or isinstance(value, bool | int | str):
        return value
    return plain.get(type(value), str)(value)
