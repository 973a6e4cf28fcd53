"""Detection of placeholders among customer ids, e-mail addresses and phones (`contract/placeholders.py`)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize.contacts import to_e164

_ZEROS: Final = r"^0+$"
_ZERO_PHONE: Final = r"^\+?[0 ().\-/]*0[0 ().\-/]*$"
_NEVER: Final = r"[^\s\S]"


@dataclass(frozen=True, slots=True)
class _Placeholders:
    """Patterns of the configured placeholders.

    Attributes:
        customer_ids: Pattern of customer ids, in any case.
        emails: Pattern of normalized addresses.
        phones: Phones in E.164.
    """

    customer_ids: str
    emails: str
    phones: tuple[str, ...]


def are_customer_id_placeholders(customer_ids: pl.Series, settings: NormalizationSettings) -> pl.Series:
    """Return whether each customer id is a placeholder; False for nulls.

    Args:
        customer_ids: Trimmed strings.
        settings: The settings of the normalization.
    """
    return customer_ids.str.contains(_compiled(settings).customer_ids).fill_null(value=False)


def are_contact_placeholders(
    kind: Personal, delivered: pl.Series, normalized: pl.Series, settings: NormalizationSettings
) -> pl.Series:
    """Return whether each contact is a placeholder; False for nulls.

    Args:
        kind: PHONE or EMAIL.
        delivered: Trimmed strings.
        normalized: The same contacts in comparable form, null if unusable.
        settings: The settings of the normalization.
    """
    compiled = _compiled(settings)
    if kind is Personal.EMAIL:
        return normalized.str.contains(compiled.emails).fill_null(value=False)
    is_placeholder = (delivered.str.contains(_ZERO_PHONE) & normalized.is_null()).fill_null(value=False)
    return is_placeholder | normalized.is_in(compiled.phones).fill_null(value=False)


@lru_cache(maxsize=8)
def _compiled(settings: NormalizationSettings) -> _Placeholders:
    """Sort the placeholders by kind. A phone is compared in E.164, so its spelling does not matter."""
    by_kind: dict[str, list[str]] = {"c": [], "e": [], "p": []}
    for placeholder in sorted(settings.placeholders):
        kind, _, value = placeholder.partition(":")
        by_kind[kind].append(value)
    phones = to_e164(pl.Series(by_kind["p"], dtype=pl.String()), settings.phone_region).drop_nulls()
    return _Placeholders(
        customer_ids=f"(?i){_ZEROS}|{_pattern(by_kind['c'])}",
        emails=_pattern(by_kind["e"]),
        phones=tuple(phones),
    )


def _pattern(values: list[str]) -> str:
    """Return the pattern of the values in full; `*` is any text."""
    if not values:
        return _NEVER
    return f"^(?:{'|'.join('.*'.join(map(re.escape, value.split('*'))) for value in values)})$"
