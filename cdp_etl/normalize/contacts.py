"""Phones and e-mail addresses made comparable: E.164 and lower case, or null where not usable.

A contact that is not usable is never a reason to refuse a record. Put here what is usable; which columns hold
contacts is declared by the entities.
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers
import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.field_spec import ContractField

NOT_DIALABLE: Final = "not a dialable number"
NOT_VALID: Final = "not a valid address"

_VIETNAM: Final = "VN"
_VIETNAMESE_MOBILE: Final = r"^(?:0|\+84)[ .-]?((?:3[0-9]|5[1689]|7[06-9]|8[1-8]|9[0-8])(?:[ .-]?[0-9]){7})$"
"""Mobile numbers as they are commonly written in Vietnam; a test holds every prefix against libphonenumber."""
_WRITTEN_AS_NUMBER: Final = re.compile(r"\+?[0-9 ().\-/\u00a0]{1,40}", re.ASCII)
"""Letters are refused first: libphonenumber would dial a masked 098685xxxx as keys of a telephone."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS: Final = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{2,59}})$"
"""An address of RFC 5321 in its usual form: dot-atom, and a domain with a dot; no quotes, no IP, ASCII only."""
_LONGEST_ADDRESS: Final = 254
_LONGEST_LOCAL_PART: Final = 64


def normalized(field: ContractField, delivered: pl.Series, region: str) -> pl.Series:
    """Give the normalized column beside a contact; null where it is absent or not usable."""
    if field.column.personal is Personal.PHONE:
        return e164(delivered, region)
    return normalized_addresses(delivered)


def warning(field: ContractField) -> str:
    """Give the warning of a contact that is not usable."""
    fact = NOT_DIALABLE if field.column.personal is Personal.PHONE else NOT_VALID
    return f"{field.contract_name}: {fact}"


def e164(delivered: pl.Series, region: str) -> pl.Series:
    """Give phone numbers in E.164, by libphonenumber; null where it takes one for no valid number.

    Args:
        delivered: The trimmed texts.
        region: The region (ISO 3166) of numbers without a country code.
    """
    if region == _VIETNAM:
        digits = delivered.str.extract(_VIETNAMESE_MOBILE).str.replace_all(r"[ .-]", "")
        common = "+84" + digits
    else:
        common = pl.Series([None], dtype=pl.String()).new_from_index(0, len(delivered))
    is_rest = common.is_null() & delivered.is_not_null()
    rest = delivered.filter(is_rest)
    if rest.is_empty():
        return common
    distinct = rest.unique()
    numbers = {text: _e164_of(text, region) for text in distinct}
    return common.scatter(is_rest.arg_true(), rest.replace_strict(numbers, return_dtype=pl.String()))


@lru_cache(maxsize=100_000)
def _e164_of(text: str, region: str) -> str | None:
    if not _WRITTEN_AS_NUMBER.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalized_addresses(delivered: pl.Series) -> pl.Series:
    """Give e-mail addresses in lower case; null where one is not valid."""
    is_valid = (
        delivered.str.contains(_ADDRESS)
        & (delivered.str.len_bytes() <= _LONGEST_ADDRESS)
        & (delivered.str.find("@", literal=True) <= _LONGEST_LOCAL_PART)
    )
    return delivered.str.to_lowercase().set(~is_valid.fill_null(value=False), None)
