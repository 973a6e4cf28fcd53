"""Any order and repetition of loads, and the marts run after any of them, come to the same warehouse."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_etl.entities import BY_NAME
from cdp_etl.marts.registry import MARTS
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, THIRD, Pipe, sms

REVIEW = BY_NAME["customer-product-review"]
DAYS = (FIRST, SECOND, THIRD)
TABLES = ("staging.sms_interaction", "staging.customer_product_review", "staging.quarantine", "staging.superseded")
# Kept between runs of the same warehouse, and so not the same in two of them: when, and by which load.
_PASSING = {"customer_identity_change"}


def review(record_id: str, day: date, **fields: Any) -> dict[str, Any]:
    """Give one valid review, at noon of a day."""
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


def deliver(pipe: Pipe) -> None:
    """Deliver three days whose dumps correct, delete and supersede each other's records."""
    pipe.deliver(
        FIRST, [sms("1", FIRST), sms("2", FIRST), sms("2", FIRST, event="sent"), sms("bad", FIRST, event=None)]
    )
    pipe.deliver(SECOND, [sms("1", FIRST, event="bounced"), sms("3", SECOND)])
    pipe.deliver(THIRD, [sms("2", THIRD, recordStatus="Deleted"), sms("1", FIRST, event="clicked")])
    pipe.deliver(FIRST, [review("r1", FIRST, rating=5)], entity=REVIEW)
    pipe.deliver(
        SECOND, [review("r1", FIRST, rating=1), review("r2", SECOND, customerPhone="0986851234")], entity=REVIEW
    )
    pipe.deliver(THIRD, [review("r2", SECOND, customerId="KH2", customerPhone="0986851234")], entity=REVIEW)


def contents(pipe: Pipe) -> dict[str, list[str]]:
    """Give the rows of staging and of the marts, in one order."""
    tables = [*TABLES, *(mart.table for mart in MARTS if mart.name not in _PASSING)]
    return {table: sorted(map(repr, pipe.query(f"SELECT COLUMNS(*)::VARCHAR FROM {table}"))) for table in tables}


def loaded(order: Sequence[date], marts_after: Sequence[bool]) -> dict[str, list[str]]:
    """Load days in an order, the marts after some of them and at the end."""
    with TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral(tempdir=folder) as instance:
        pipe = Pipe(Settings(data=Path(folder) / "data", memory_limit="500MiB", threads=1), instance)
        deliver(pipe)
        for day, with_marts in zip(order, marts_after, strict=True):
            assert pipe.load(day).success
            assert pipe.load(day, entity=REVIEW).success
            if with_marts:
                assert pipe.marts(day, day).success
        assert pipe.marts(FIRST, THIRD).success
        return contents(pipe)


@cache
def loaded_in_order() -> dict[str, list[str]]:
    """Load each day once, the marts at the end: what every other way must come to."""
    return loaded(DAYS, [False] * len(DAYS))


orders = st.lists(st.sampled_from(DAYS), max_size=2).flatmap(lambda again: st.permutations([*DAYS, *again]))


# Few examples, since each is a whole pipeline; the warehouse's and the marts' own tests go through many.
@settings(max_examples=3, deadline=None)
@given(order=orders, data=st.data())
def test_any_order_and_repetition_of_loads_gives_the_same_staging_and_marts(
    order: Sequence[date], data: st.DataObject
) -> None:
    marts_after = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))

    assert loaded(order, marts_after) == loaded_in_order()
