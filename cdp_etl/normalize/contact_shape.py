"""Detection of ids that are phones or e-mail addresses, because some sources use contacts as ids.

An id is a contact if `contacts.py` finds it usable as a phone or as an e-mail address. The published snapshot
shows pseudonyms of such ids. Most ids are no contacts, so regular expressions decide the plain cases at once.
"""

from functools import lru_cache
from typing import Final

import polars as pl
from phonenumbers import PhoneMetadata

from cdp_etl.normalize.contacts import normalize_emails, to_e164

_COULD_BE_CONTACT: Final = (
    r"^(?i:[^\pL\pN]*(?:tel|sms|callto|whatsapp):)*[^\pL]*$|[@\x{FF20}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}]"
)
"""A necessary condition of both functions: no letters but those of a wrapper, or an @, or full-width letters."""

_PLAIN_PHONE: Final = r"^\+?[0-9 ()\-/]+$"
"""A phone without wrapper: what it can be depends on its digits alone."""

_VIETNAM: Final = "VN"
_KINDS: Final = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)
"""Attributes of libphonenumber's metadata for the kinds of valid numbers."""


def is_contact(ids: pl.Series, region: str) -> pl.Series:
    """Return whether each id is a usable phone or e-mail address; False for nulls.

    Args:
        ids: Trimmed strings.
        region: The region (ISO 3166) of numbers without a country code.
    """
    could_be = ids.str.contains(_COULD_BE_CONTACT).fill_null(value=False)
    candidates = ids.filter(could_be)
    if candidates.is_empty():
        return could_be
    is_usable = normalize_emails(candidates).is_not_null() | _is_phone(candidates, region)
    return could_be.scatter(could_be.arg_true(), is_usable)


def _is_phone(candidates: pl.Series, region: str) -> pl.Series:
    if region != _VIETNAM:
        return to_e164(candidates, region).is_not_null()
    is_spelled_plainly = candidates.str.contains(_PLAIN_PHONE)
    digits = candidates.str.replace_all(r"[^+0-9]", "")
    is_plain = candidates.str.contains(rf"^0?(?:{_vietnamese_number()})$")
    could_be = digits.str.contains(rf"^(?:\+|00[1-9]|(?:84)?0*(?:{_vietnamese_number()})$|01[0-9]{{9}}$)")
    rest = candidates.set(is_plain | (is_spelled_plainly & ~could_be), None)
    return is_plain | to_e164(rest, region).is_not_null()


@lru_cache(maxsize=1)
def _vietnamese_number() -> str:
    """Return the pattern of all valid national numbers of Vietnam, by libphonenumber's metadata."""
    metadata = PhoneMetadata.metadata_for_region(_VIETNAM)
    kinds = [getattr(metadata, kind) for kind in _KINDS]
    return "|".join(kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern)
