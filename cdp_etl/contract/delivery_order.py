"""Order of delivery of a dump's files, by their names alone: of one key the last delivered record wins.

Folders are in natural order. In a folder the stem decides, which is the name without suffixes of format,
compression and encryption: `reviews.ndjson` comes before `reviews_2.ndjson`. A copy comes after its original:
browsers and people name a corrected file `reviews (1).ndjson`, which sorts before `reviews.ndjson` as text.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Any, Final

from natsort import natsort_keygen

from cdp_etl.contract.file_names import split_suffixes

_COPIES: Final = [
    re.compile(stem, re.IGNORECASE)
    for stem in (
        r"(.+?) ?\(([0-9]{1,4})\)",
        r"(.+?) - copy(?: ?\(([0-9]{1,4})\))?",
        r"(.+?) copy(?: ([0-9]{1,4}))?",
        r"(.+)-([0-9]{1,4})",
    )
]
"""Stems of copies: the stem of the original, and the number of the copy."""

_natural = natsort_keygen()


def in_delivery_order(paths: Iterable[str]) -> list[str]:
    """Sort the paths of a dump in the order of delivery.

    A suffix of a copy counts only if the original is in the same folder, with the same extension. Otherwise it is
    part of the stem, as in `export-2026-03-01.csv`. Paths that are equal in all this are compared as text, so that
    the order is total.
    """
    paths = list(paths)
    known = {unicodedata.normalize("NFC", path) for path in paths}
    return sorted(paths, key=lambda path: _sort_key(path, known))


def _sort_key(path: str, known: Collection[str]) -> tuple[Any, ...]:
    *folders, name = unicodedata.normalize("NFC", path).split("/")
    folder = "".join(f"{part}/" for part in folders)
    stem, extension = split_suffixes(name)
    copy = (0, 0)
    for pattern in _COPIES:
        found = pattern.fullmatch(stem)
        if found is not None and f"{folder}{found[1]}{extension}" in known:
            stem, copy = found[1], (1, int(found[2] or 1))
            break
    return (*((_natural(part), (0, 0)) for part in folders), (_natural(stem), copy)), path
