"""The invariant of incremental refresh: after any run and any loads, a mart equals its full rebuild.

The published snapshot equals the marts too, whatever files of earlier versions it reuses.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.marts import refresh
from cdp_etl.marts.checks.matches_full_rebuild import check_matches_full_rebuild
from cdp_etl.marts.engine import state, tombstones
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS, PUBLISHED, with_upstream
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.warehouse import withdraw_consent_statements
from cdp_etl_tests.examples import examples, one_example
from cdp_etl_tests.marts.loading import EMAIL, SMS, Loader, make_record

_PEOPLE: Sequence[Sequence[str]] = (
    ("c:1",),
    ("c:1", "e:a@x.vn"),
    ("c:2", "e:a@x.vn"),
    ("c:2", "p:+84900000001"),
    ("c:3", "e:b@x.vn", "p:+84900000001"),
    ("e:b@x.vn",),
    ("p:+84900000001",),
    (),
)

_DRAWN: Mapping[str, Sequence[Any]] = {
    "action": ("Wishlist", "add to cart", "Purchase", "Refund"),
    "price": (None, 0.1, 19.99, 1e300),
    "quantity": (None, 0, 3),
    "product_sku": ("S1", "S2"),
    "product_price4_sale": (None, 7.5),
    "product_price": (None, 9.0),
    "rating": (None, 1, 5, 2**63 - 1),
    "status": ("Subscribed", "Unsubscribed"),
    "event": (
        "sent",
        "request",
        "proxy_open",
        "opened",
        "clicked",
        "unsubscribed",
        "complaint",
        "group_resubscribe",
        "odd",
    ),
    "customer_name": (None, "A", "B"),
    "subscribe_email": (None, True, False),
    "subscribe_phone": (None, True),
    "campaign_id": (None, "K1", "K2"),
    "campaign_name": (None, "A", "B"),
    "service_provider": ("Brevo", "Other"),
    "record_status": ("Active", "Active", "Active", "Deleted"),
}


_SETTINGS = (
    MartSettings(max_customers_per_identifier=1, pair_min_baskets=1),
    MartSettings(
        max_customers_per_identifier=2,
        identifier_denylist=("c:3",),
        affinity_weights={"wishlist": 1 / 3, "low_rating": -2 / 7, "other": 2.0000005},
        affinity_half_life_days=7.0,
        influence_days=1,
        attribution_days=1,
        attribution_touches=("clicked", "opened"),
        attribution_model="linear",
        session_minutes=61,
        bought_together_days=2,
        max_basket_products=1,
        purchase_actions=("add_to_cart", "purchase"),
        refund_actions=(),
        segments={"buyers": "purchase_count > 0", "refusing": "NOT has_email_consent", "all": "TRUE"},
    ),
)


@st.composite
def _record(draw: st.DrawFn, entity: Entity) -> dict[str, Any]:
    known = {field.name for field in entity.fields}
    values = {name: draw(st.sampled_from(choices)) for name, choices in _DRAWN.items() if name in known}
    if entity is EMAIL:
        people = [names for names in _PEOPLE if all(name.startswith("e:") for name in names)]
    elif entity is SMS:
        people = [names for names in _PEOPLE if all(name.startswith("p:") for name in names)]
    else:
        people = list(_PEOPLE)
    return make_record(
        entity,
        draw(st.sampled_from(("1", "2", "3", "4"))),
        on=draw(st.sampled_from((1, 2, 3, 40))),
        hour=draw(st.sampled_from((8, 9))),
        identifiers=draw(st.sampled_from(people)),
        company_id=draw(st.sampled_from(("", "", "other"))),
        **values,
    )


@st.composite
def _load(draw: st.DrawFn) -> tuple[Entity, int, Sequence[dict[str, Any]]]:
    entity = draw(st.sampled_from(ENTITIES))
    records = draw(st.lists(_record(entity), max_size=4, unique_by=lambda record: record["record_key"]))
    return entity, draw(st.sampled_from((40, 41, 42))), records


class _FailedOnPurposeError(Exception):
    pass


class MartRefreshMachine(RuleBasedStateMachine):
    """Loads, reloads and removals in any order, with runs of any mart in between; some runs fail midway."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="marts-")
        self.loader = Loader(Path(self.folder.name), _SETTINGS[0])

    @initialize(load=_load(), min_compaction_rows=st.sampled_from((0, 100_000)))
    def begin(self, load: tuple[Entity, int, Sequence[dict[str, Any]]], min_compaction_rows: int) -> None:
        self.min_compaction_rows = patch.object(tombstones, "MIN_COMPACTION_ROWS", min_compaction_rows)
        self.min_compaction_rows.start()
        self.loader.load(*load)

    @rule(load=_load())
    def load_dump(self, load: tuple[Entity, int, Sequence[dict[str, Any]]]) -> None:
        self.loader.load(*load)

    @rule(chosen=st.sampled_from(range(len(_SETTINGS))))
    def change_settings(self, chosen: int) -> None:
        self.loader = Loader(Path(self.folder.name), _SETTINGS[chosen])

    @rule(mart=st.sampled_from(MARTS))
    def refresh_one_mart(self, mart: Mart) -> None:
        refresh.refresh_mart(self.loader.warehouse, mart, self.loader.settings)

        self._assert_equal_to_full_rebuild([mart])

    @rule(mart=st.sampled_from(MARTS))
    def rebuild_one_mart(self, mart: Mart) -> None:
        refresh.rebuild_mart(self.loader.warehouse, mart, self.loader.settings)

        self._assert_equal_to_full_rebuild([mart])

    @rule(mart=st.sampled_from(MARTS))
    def fail_before_commit(self, mart: Mart) -> None:
        # A mart that is up to date writes no state, so nothing fails then.
        failure = pytest.raises(_FailedOnPurposeError) if self._is_pending(mart) else nullcontext()
        with patch.object(state, "write_state", side_effect=_FailedOnPurposeError), failure:
            refresh.refresh_mart(self.loader.warehouse, mart, self.loader.settings)

    def _is_pending(self, mart: Mart) -> bool:
        """Return whether a refresh of the mart has anything to write, for itself or for a mart that it reads."""
        with self.loader.warehouse.reading() as connection:
            newest = state.newest_load(connection)
            return any(
                state.state_of(connection, one)
                != state.MartState(newest, one.definition_hash(self.loader.settings))
                for one in with_upstream([mart])
            )

    @rule(newest=st.booleans())
    def withdraw_statements(self, *, newest: bool) -> None:
        loads = self.loader.rows(
            "SELECT entity, dump_date, load_seq FROM staging.consent_statement WHERE withdrawn_by_load_seq IS NULL"
            " ORDER BY load_seq"
        )
        if loads:
            entity, dump_date, load_seq = loads[-1 if newest else 0].values()
            withdraw_consent_statements(
                self.loader.warehouse, BY_NAME[entity.replace("_", "-")], dump_date, load_seq
            )

    @rule()
    def publish_marts(self) -> None:
        self.loader.publish(with_personal_data=True, min_rows_for_delta=0)

        self._assert_published()

    def teardown(self) -> None:
        refresh.refresh_marts(self.loader.warehouse, self.loader.settings)
        self._assert_equal_to_full_rebuild(MARTS)
        self.publish_marts()
        self.min_compaction_rows.stop()
        self.folder.cleanup()

    def _assert_equal_to_full_rebuild(self, marts: Sequence[Mart]) -> None:
        with self.loader.warehouse.reading() as connection:
            differing = {
                mart.name: check_matches_full_rebuild(connection, mart, self.loader.settings).violations
                for mart in marts
            }
        assert differing == dict.fromkeys(differing, 0)

    def _assert_published(self) -> None:
        with self.loader.warehouse.reading() as connection:
            connection.execute(
                f"ATTACH {literal(str(Path(self.folder.name) / 'published' / DATABASE))} AS published (READ_ONLY)"
            )
            differing = {
                mart.name: len(
                    connection.execute(
                        f"(FROM published.{mart.table} EXCEPT ALL FROM {mart.table})"
                        f" UNION ALL (FROM {mart.table} EXCEPT ALL FROM published.{mart.table})"
                    ).fetchall()
                )
                for mart in PUBLISHED
            }
            connection.execute("DETACH published")
        assert differing == dict.fromkeys(differing, 0)


class ShortMartRefreshMachine(MartRefreshMachine):
    """One short sequence, for every change."""


TestMartRefreshes = pytest.mark.full(MartRefreshMachine.TestCase)
TestMartRefreshes.settings = examples(10)
TestShortMartRefreshes = ShortMartRefreshMachine.TestCase
TestShortMartRefreshes.settings = one_example(steps=6)
