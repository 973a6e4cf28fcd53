"""Folding of names of actions and events to lower snake case."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.name_folding import fold_name, fold_names

_names = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(
    ("delivered", "folded"),
    [
        pytest.param("Wishlist", "wishlist", id="one word"),
        pytest.param("AddToCart", "add_to_cart", id="camel case"),
        pytest.param(" add-to  cart ", "add_to_cart", id="blanks and dashes"),
        pytest.param("ADD_TO_CART", "add_to_cart", id="capitals"),
        pytest.param("SMSShare2Friend", "sms_share2_friend", id="acronym and number"),
        pytest.param("Yêu Thích", "yêu_thích", id="Vietnamese"),
        pytest.param("Ye\u0302u Thi\u0301ch", "yêu_thích", id="not in NFC"),
        pytest.param("Q\u0323\u0307", "q\u0323\u0307", id="marks without a composed letter"),
        pytest.param("ΑΣ", "ας", id="final sigma"),
        pytest.param("ΜΑΣ ΘΕΣ", "μας_θες", id="final sigma of each word"),
        pytest.param("İzle", "i\u0307zle", id="I with a dot is i and a combining dot"),
        pytest.param("IZLE", "izle", id="I is i in every locale"),
        pytest.param("GROẞ", "groß", id="capital sharp s"),
        pytest.param("Straße", "straße", id="sharp s is not ss"),
        pytest.param("STRASSE", "strasse", id="ss is not sharp s"),
        pytest.param("Ⓐ!", "ⓐ!", id="no letter, but a symbol with case"),
        pytest.param("!!", "!!", id="no letter at all"),
        pytest.param("購入", "購入", id="a script without case"),
    ],
)
def test_a_name_is_folded_to_lower_snake_case(delivered: str, folded: str) -> None:
    assert fold_name(delivered) == folded
    assert fold_name(folded) == folded


@given(_names)
def test_a_folded_name_does_not_depend_on_the_normalization_form_of_the_delivered_one(name: str) -> None:
    assert fold_name(unicodedata.normalize("NFD", name)) == fold_name(unicodedata.normalize("NFC", name))


@given(_names)
def test_a_folded_name_has_only_letters_marks_numbers_and_single_low_lines(name: str) -> None:
    folded = fold_name(name)

    kinds = {unicodedata.category(character)[0] for character in folded.replace("_", "")}
    has_words = bool({unicodedata.category(character)[0] for character in name} & set("LMN"))
    assert not has_words or kinds <= set("LMN")
    assert not has_words or ("__" not in folded and not folded.startswith("_") and not folded.endswith("_"))


@given(_names)
def test_a_folded_name_is_in_lower_case_by_unicode(name: str) -> None:
    """A final sigma is one at the end of a word, so `str.lower` of the folded name changes nothing."""
    assert fold_name(name).lower() == fold_name(name)


@given(st.lists(st.none() | _names))
def test_a_column_is_folded_name_by_name(names: list[str | None]) -> None:
    column = pl.Series(names, dtype=pl.String())

    assert fold_names(column).to_list() == [None if name is None else fold_name(name) for name in names]
