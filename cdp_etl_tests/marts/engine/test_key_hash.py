"""Key hashes: DuckDB's `hash` is stored with rows, so its values are fixed here. Run before any change of DuckDB.

If a value differs, stored hashes find nothing. `hash_signature` then changes the definition of each mart that
stores hashes, and the next run rebuilds the mart.
"""

from collections.abc import Sequence
from contextlib import closing

import duckdb
import pytest

from cdp_etl.contract.table import TEXT
from cdp_etl.marts.engine.key_hash import key_hash_of
from cdp_etl.marts.registry import MARTS

SHORT, LONG = "S1", "a product id of more than twelve bytes"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(("", "c:1"), 1260819650, id="an empty text"),
        pytest.param(("acme", "c:12345"), 1299516012, id="two texts of up to twelve bytes"),
        pytest.param(("acme", "c:12345", SHORT), 4193960654, id="three texts of up to twelve bytes"),
        pytest.param(("acme", "c:12345", LONG), 1898013077, id="a long text after short ones"),
        pytest.param(("acme", "e:someone@example.com"), 3272345027, id="a long text"),
        pytest.param(("acme", "e:someone@example.com", SHORT), 3538363636, id="a short text after a long one"),
        pytest.param((LONG, "p:+84912345678", LONG), 4243366069, id="long texts only"),
        pytest.param(("", "Ω"), 614911185, id="a text of two bytes that is one character"),
        pytest.param(("acme", None), 1312089058, id="no customer"),
        pytest.param(("acme", None, SHORT), 1740421823, id="no customer, a product"),
    ],
)
def test_the_hash_of_a_key_is_the_one_in_existing_warehouses(values: Sequence[str | None], expected: int) -> None:
    names = ("company_id", "customer_key", "product_sku")[: len(values)]
    texts = ", ".join(f"?::VARCHAR AS {name}" for name in names)
    with closing(duckdb.connect()) as connection:
        found = connection.execute(f"SELECT {key_hash_of(names).expression} FROM (SELECT {texts})", values)

        assert found.fetchall() == [(expected,)]


def test_hashed_columns_are_texts_whose_hashes_are_fixed_above() -> None:
    types = {
        next(column.type for column in mart.columns if column.name == name)
        for mart in MARTS
        for names in mart.key_hashes
        for name in names
    }

    assert types == {TEXT}
