"""Any order and repetition of loads and refreshes results in the same warehouse."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.defs.keys import asset_key
from cdp_etl.entities import BY_NAME
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, THIRD, Pipeline, sms
from cdp_etl_tests.examples import examples

REVIEW = BY_NAME["customer-product-review"]
DAYS = (FIRST, SECOND, THIRD)
TABLES = ("staging.sms_interaction", "staging.customer_product_review", "staging.quarantine", "staging.superseded")
MART_ASSETS = [asset_key(Layer.MARTS, mart.name) for mart in MARTS]
"""Snapshot and reports are left out: they take most of the time, and no result of theirs is compared."""

# A log of changes, which depends on the order of loads.
_LOGS = {"customer_identity_change"}


def review(record_id: str, day: date, **fields: Any) -> dict[str, Any]:
    """Return a valid review at noon of a day."""
    return {
        "reviewId": record_id,
        "reviewedAt": f"{day}T12:00:00Z",
        "content": "Tốt",
        "customerId": "KH1",
        "customerName": "Nguyễn Văn A",
        "customerEmail": "a@example.com",
        "productSku": "SKU1",
        "productName": "Iphone 12",
        **fields,
    }


def deliver(pipeline: Pipeline) -> None:
    """Deliver three dumps that correct, delete and supersede each other's records."""
    pipeline.deliver(
        FIRST, [sms("1", FIRST), sms("2", FIRST), sms("2", FIRST, event="sent"), sms("bad", FIRST, event=None)]
    )
    pipeline.deliver(SECOND, [sms("1", FIRST, event="bounced"), sms("3", SECOND)])
    pipeline.deliver(THIRD, [sms("2", THIRD, recordStatus="Deleted"), sms("1", FIRST, event="clicked")])
    pipeline.deliver(FIRST, [review("r1", FIRST, rating=5)], entity=REVIEW)
    pipeline.deliver(
        SECOND, [review("r1", FIRST, rating=1), review("r2", SECOND, customerPhone="0986851234")], entity=REVIEW
    )
    pipeline.deliver(THIRD, [review("r2", SECOND, customerId="KH2", customerPhone="0986851234")], entity=REVIEW)


def contents(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return the sorted rows of staging and marts."""
    tables = [*TABLES, *(mart.table for mart in MARTS if mart.name not in _LOGS)]
    return {
        table: sorted(map(repr, pipeline.query(f"SELECT COLUMNS(*)::VARCHAR FROM {table}"))) for table in tables
    }


def loaded(order: Sequence[date], marts_after: Sequence[bool]) -> dict[str, list[str]]:
    """Load dates in an order; refresh the marts after some of them and at the end."""
    with TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral(tempdir=folder) as instance:
        pipeline = Pipeline(Settings(data=Path(folder) / "data", memory_limit="500MiB", threads=1), instance)
        deliver(pipeline)
        for day, with_marts in zip(order, marts_after, strict=True):
            assert pipeline.load(day).success
            assert pipeline.load(day, entity=REVIEW).success
            if with_marts:
                assert pipeline.marts(day, day, MART_ASSETS).success
        assert pipeline.marts(FIRST, THIRD, MART_ASSETS).success
        return contents(pipeline)


@cache
def loaded_in_order() -> dict[str, list[str]]:
    """Load each date once and refresh the marts at the end; the expected result of every order."""
    return loaded(DAYS, [False] * len(DAYS))


orders = st.lists(st.sampled_from(DAYS), max_size=2).flatmap(lambda again: st.permutations([*DAYS, *again]))


@pytest.mark.full
# Few examples because each is a whole pipeline. The tests of warehouse and marts run many.
@examples(3)
@given(order=orders, data=st.data())
def test_any_order_and_repetition_of_loads_gives_the_same_staging_and_marts(
    order: Sequence[date], data: st.DataObject
) -> None:
    marts_after = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))

    assert loaded(order, marts_after) == loaded_in_order()
