"""The composed form equals Unicode's NFC, and a text of nothing but marks takes no longer than any other."""

import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.composed_text import compose
from cdp_etl.contract.parsers import InvalidValueError, parse_integer, parse_text

MARKS = st.text(st.sampled_from("\u0301\u0323\u0308\u0344\u0345\u0f73\u0f71\u05b0\U0001d165\U0001d16e\u3099"))
LETTERS = st.text(st.sampled_from("aế\u1100\u1161\u0f40 \U0001d15e😀"), max_size=3)


@given(st.lists(st.tuples(LETTERS, MARKS, st.integers(1, 60)), min_size=1, max_size=5))
def test_a_text_is_composed_as_by_unicode(parts: list[tuple[str, str, int]]) -> None:
    text = "".join(letters + marks * count for letters, marks, count in parts)
    long = text * (1_500 // max(len(text), 1) + 1)

    assert compose(text) == unicodedata.normalize("NFC", text)
    assert compose(long[:3_000]) == unicodedata.normalize("NFC", long[:3_000])


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\U0001d165\u0301\U0001d16d\u0323"])
def test_many_marks_are_composed_in_seconds(marks: str) -> None:
    started = time.process_time()

    assert parse_text("a" + marks * 100_000) is not None

    assert time.process_time() - started < 10


def test_a_number_of_many_digits_is_refused_in_seconds() -> None:
    started = time.process_time()

    with pytest.raises(InvalidValueError, match="wrong type"):
        parse_integer(Decimal("1." + "1" * 2_000_000))
    assert parse_integer(Decimal("7." + "0" * 2_000_000)) == 7

    assert time.process_time() - started < 10
