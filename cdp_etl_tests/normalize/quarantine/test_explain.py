"""The reason `wrong type` is shown with what was expected and an outline of what was delivered."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.normalize.quarantine.explain import outline, with_explanations
from cdp_etl.normalize.quarantine.read import quarantined_with_bytes
from cdp_etl_tests.normalize.harness import comment, ndjson, normalize
from cdp_etl_tests.normalize.test_ids import csv

OUTLINES = {
    "true or false", "digits", "a number with a fraction or exponent", "a list", "an object", "digits and dots",
    "digits and commas", "letters", "digits and other signs", "letters and other signs",
}  # fmt: skip # one list, not one a line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true or false"),
        (7, "digits"),
        ("007", "digits"),
        (Decimal("7.5"), "a number with a fraction or exponent"),
        ([1], "a list"),
        ({"a": 1}, "an object"),
        ("1.350.000", "digits and dots"),
        ("1,000.5", "digits and commas"),
        ("12/03/2026 10:22", "digits and other signs"),
        ("Hôm nay".replace(" ", ""), "letters"),
        ("12 tháng 3", "letters and other signs"),
    ],
)
def test_an_outline_says_what_a_value_looks_like(value: Any, expected: str) -> None:
    assert outline(value) == expected


@given(st.text() | st.integers() | st.booleans() | st.lists(st.text()) | st.decimals())
def test_an_outline_is_one_of_ten_phrases(value: Any) -> None:
    """So it never shows a name, a phone or an address."""
    assert outline(value) in OUTLINES


RECORD = comment(1, commentedAt="12/03/2026", productPrice="1,5", timezoneGmt="7")
COMMAS = csv(RECORD)
SEMICOLONS = csv(RECORD).replace(b",", b";").replace(b'"1;5"', b"1,5")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.csv", COMMAS, id="CSV"),
        pytest.param("systemName=Web/a.csv", COMMAS, id="CSV in a folder with a value"),
        pytest.param("a.csv", SEMICOLONS, id="semicolons"),
        pytest.param("a.csv", SEMICOLONS.replace(b";", b"\t").decode().encode("utf-16"), id="tabs in UTF-16"),
        pytest.param("a.csv", COMMAS.rstrip() + b",,,\r\n", id="empty cells behind the last column"),
        pytest.param("a.ndjson", ndjson(RECORD), id="NDJSON"),
    ],
)
def test_a_wrong_type_is_explained_from_the_bytes_of_the_record(tmp_path: Path, name: str, content: bytes) -> None:
    dump = normalize(tmp_path, {name: content}).dump

    ((found, raw),) = quarantined_with_bytes(dump)

    assert found.reasons == ("commentedAt: wrong type", "productPrice: wrong type")
    timestamp = "expected epoch milliseconds, or ISO 8601 with date and time, found digits and other signs"
    assert with_explanations(dump, found, raw).explained_reasons == [
        f"commentedAt: wrong type ({timestamp})",
        "productPrice: wrong type (expected a decimal number, found digits and commas)",
    ]


def test_without_readable_bytes_only_the_expectation_is_known(tmp_path: Path) -> None:
    dump = normalize(tmp_path, {"a.csv": csv(comment(1, productPrice="x"))}).dump
    ((found, _),) = quarantined_with_bytes(dump)

    explained = with_explanations(dump, found, b"other").explanations

    assert explained == {"productPrice: wrong type": "expected a decimal number"}


def test_other_reasons_have_no_explanation(tmp_path: Path) -> None:
    dump = normalize(tmp_path, {"a.ndjson": ndjson(comment(1, commentedAt=5, recordStatus="gone"))}).dump
    ((found, raw),) = quarantined_with_bytes(dump)

    assert with_explanations(dump, found, raw).explained_reasons == list(found.reasons)
