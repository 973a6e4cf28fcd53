"""Hashes of record keys equal those that the warehouse stores; names are folded alike on both paths."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize.derive import key_hashes
from cdp_etl_tests.normalize.harness import ACTIVITY, EMAIL, NOON_MS, ndjson, normalize

keys = st.text(max_size=150).map(lambda text: text.encode("utf-8", "ignore").decode())


def md5_hashes(strings: list[str]) -> list[int]:
    digests = (hashlib.md5(string.encode(), usedforsecurity=False).digest() for string in strings)
    return [int.from_bytes(digest[8:], "little") for digest in digests]


@given(st.lists(keys))
def test_a_key_hash_is_the_second_half_of_the_md5(strings: list[str]) -> None:
    assert key_hashes(pl.Series(strings, dtype=pl.String())).to_list() == md5_hashes(strings)


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("ORG1029130112|Website|02026030100000001", 8_591_134_001_626_331_724),
        ("ORG1029130112|Cửa hàng|Đ\\|1", 3_186_151_054_690_517_659),
        ("", 9_098_107_892_288_553_193),
    ],
)
def test_a_key_hash_is_the_stored_one(key: str, stored: int) -> None:
    """Lakes and warehouses of earlier releases contain these values."""
    assert key_hashes(pl.Series([key])).to_list() == [stored]


def test_sql_computes_the_same_key_hash() -> None:
    strings = ["", "a", "a\0b", "Nguyễn|x", "😀" * 40]

    with duckdb.connect() as connection:
        hashes = connection.execute("SELECT md5_number_lower(unnest(?))", [strings]).fetchall()

    assert [hash_ for (hash_,) in hashes] == key_hashes(pl.Series(strings)).to_list()


def test_threads_hash_keys_at_the_same_time() -> None:
    batches = [[f"{batch}-{row}" for row in range(5_000)] for batch in range(8)]

    with ThreadPoolExecutor(4) as pool:
        hashed = list(pool.map(lambda batch: key_hashes(pl.Series(batch)).to_list(), batches))

    assert hashed == [md5_hashes(batch) for batch in batches]


FOLDED_NAMES = {
    "AddToCart": "add_to_cart",
    "ΑΣ": "ας",
    "İzle": "i\u0307zle",
    "Ye\u0302u Thi\u0301ch": "yêu_thích",
    "Straße": "straße",
    "!!": "!!",
}


def activity(own_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "actionId": own_id,
        "action": "Wishlist",
        "actionAt": NOON_MS,
        "customerId": "KH1",
        "customerName": "A",
        "customerPhone": "0912345678",
        "productSku": "SKU1",
        "productName": "Iphone 12",
        "productCategoryId": "C1",
    } | changes


@pytest.mark.parametrize(
    ("changes", "reference_path_records"),
    [
        pytest.param({}, 0, id="by the fast path"),
        pytest.param({"customFieldTexts": 5}, len(FOLDED_NAMES), id="by the reference path"),
    ],
)
def test_names_of_actions_are_folded_and_stored_as_delivered(
    tmp_path: Path, changes: dict[str, Any], reference_path_records: int
) -> None:
    records = [activity(str(number), action=action, **changes) for number, action in enumerate(FOLDED_NAMES)]

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(*records)}, entity=ACTIVITY)

    assert outcome.dump.reference_path_records == reference_path_records
    assert outcome.accepted["action_folded"].to_list() == list(FOLDED_NAMES.values())
    assert outcome.accepted["action"][0] == "AddToCart"


def test_names_of_events_are_folded_and_a_deletion_without_a_name_has_none(tmp_path: Path) -> None:
    sent = {
        "id": "1",
        "email": "a@x.vn",
        "serviceProvider": "Brevo",
        "event": "UniqueOpened",
        "eventAt": NOON_MS,
        "actionAt": NOON_MS,
    }
    deleted = {"id": "2", "recordStatus": "Deleted"}

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(sent, deleted)}, entity=EMAIL)

    assert outcome.reasons == []
    assert outcome.accepted["event_folded"].to_list() == ["unique_opened", None]
