"""Hashes of record keys equal those that the warehouse stores."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize.derive import key_hashes

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
