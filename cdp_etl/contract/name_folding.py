"""Folding of delivered names to lower snake case: the only place where the case of a name is folded.

Names of actions and events are open vocabularies, and systems spell one name in several ways. The marts compare
folded names alone, so no engine's own rules of case decide what a name means (decision 0087).
"""

import re
import unicodedata
from typing import Final

import polars as pl

from cdp_etl.contract.composed_text import compose

_CLASSES: Final = {
    "Lu": "U", "Ll": "l", "Nd": "n", "Nl": "n", "No": "n",
    "Lt": "x", "Lm": "x", "Lo": "x", "Mn": "x", "Mc": "x", "Me": "x",
}  # fmt: skip # one list, not one a line
"""Class of a character by its Unicode category: upper case, lower case, number, or another part of a word."""

_WORD: Final = re.compile(r"[Ulnx](?:(?!(?<=U)Ul|(?<=[ln])U)[Ulnx])*")
"""A word in a text of classes. The last capital of an acronym begins a word: `SMSShare` has two."""


def fold_name(text: str) -> str:
    """Return a name in lower snake case: `AddToCart`, `add to cart` and `ADD-TO-CART` give `add_to_cart`.

    House rule. The text is normalized to NFC and split into words at changes of case and at characters that are
    neither letter, mark nor number. The words are joined by `_`, and `str.lower` applies Unicode's full lower case
    mapping: `ΑΣ` gives `ας` with a final sigma, `İ` gives `i` and a combining dot, `ß` stays. A text without any
    word is only put in NFC and lower case.
    """
    text = compose(text)
    classes = "".join([_CLASSES.get(unicodedata.category(character), " ") for character in text])
    words = [text[found.start() : found.end()] for found in _WORD.finditer(classes)]
    return ("_".join(words) or text).lower()


def fold_names(names: pl.Series) -> pl.Series:
    """Return the names of a column folded; null stays null. Each distinct spelling is folded once."""
    spellings = names.unique().drop_nulls()
    folded = pl.Series([fold_name(spelling) for spelling in spellings.to_list()], dtype=pl.String())
    return names.replace_strict(spellings, folded, default=None, return_dtype=pl.String())
