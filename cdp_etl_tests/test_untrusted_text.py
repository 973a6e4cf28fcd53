"""Texts of partners in terminals, Markdown and spreadsheets."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.untrusted_text import markdown, visible, without_formula


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nguyễn Văn A", "Nguyễn Văn A"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J\x1b]0;title\x07", r"\u001b[2J\u001b]0;title\u0007"),
        ("over\rwritten", r"over\u000dwritten"),
        ("C1 \x9b31m", r"C1 \u009b31m"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("a\u2066b\u2069\u200f\u061c", r"a\u2066b\u2069\u200f\u061c"),
        ("tag \U000e0041", r"tag \udb40\udc41"),
        ("lone \udcff", r"lone \udcff"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_characters_that_steer_or_mislead_are_written_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_no_control_character_and_no_bidi_mark_is_left_in_any_text(text: str) -> None:
    kinds = {unicodedata.bidirectional(character) for character in visible(text)}
    controls = {character for character in visible(text) if unicodedata.category(character) == "Cc"}

    assert kinds.isdisjoint({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
    assert controls <= {"\n", "\t"}


@given(st.text())
def test_json_that_was_made_visible_is_the_same_json(text: str) -> None:
    assert json.loads(visible(json.dumps([text], ensure_ascii=False))) == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("actionAt: out of range", "actionAt: out of range"),
        ("part-1.ndjson: 3 records", "part-1.ndjson: 3 records"),
        ("a|b", r"a\|b"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("![](https://example.com/pixel)", r"\!\[\](https\://example.com/pixel)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("# heading", r"\# heading"),
        ("a\nb", r"a\\u000ab"),
        ("who@example.com www.example.com", r"who\@example.com www\.example.com"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_markdown_shows_the_text_literally(text: str, shown: str) -> None:
    assert markdown(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "+1 (5)", "="])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert without_formula(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-12.5", "+1", "-1e-3", "+84901234567", "a=b", "", "'=1", -3, 2.5, None, True])
def test_a_number_a_phone_and_any_other_value_is_unchanged(value: object) -> None:
    assert without_formula(value) is value
