"""Normalization of phones and e-mail addresses, so that they can be compared.

A phone becomes E.164 and an address lower case. An unusable contact becomes null with a warning; it never
quarantines a record. The entities declare which columns contain contacts.
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
PLACEHOLDER: Final = "placeholder"

_VIETNAM: Final = "VN"
_VIETNAMESE_MOBILE: Final = r"^(?:0|\+84)[ .-]?((?:3[0-9]|5[1689]|7[06-9]|8[1-8]|9[0-8])(?:[ .-]?[0-9]){7})$"
"""Common spellings of Vietnamese mobile numbers; a test compares every prefix with libphonenumber."""
_WRITTEN_AS_NUMBER: Final = re.compile(r"\+?[0-9 ().\-/\u00a0]{1,40}", re.ASCII)
"""Letters are rejected first: libphonenumber reads the letters of a masked 098685xxxx as telephone keys."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS: Final = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{2,59}})$"
"""An RFC 5321 address in its usual form: a dot-atom and a domain with a dot, ASCII only, no quotes, no IP."""
_MASKED: Final = r"^(?:[^@]*[*•]|[^@]{1,3}(?i:x{4,})@)"
"""A masked local part (house rule): one with `*` or `•`, or one to three characters and then at least four x."""
_MAX_ADDRESS_BYTES: Final = 254
_MAX_LOCAL_PART_BYTES: Final = 64


def normalize_contact(field: ContractField, delivered: pl.Series, region: str) -> pl.Series:
    """Return the normalized column of a contact field, null if a contact is absent or unusable."""
    if field.column.personal is Personal.PHONE:
        return to_e164(delivered, region)
    return normalize_emails(delivered)


def contact_warning(field: ContractField) -> str:
    """Return the warning of an unusable contact."""
    fact = NOT_DIALABLE if field.column.personal is Personal.PHONE else NOT_VALID
    return f"{field.contract_name}: {fact}"


def placeholder_warning(field: ContractField) -> str:
    """Return the warning of a contact that is a placeholder."""
    return f"{field.contract_name}: {PLACEHOLDER}"


def to_e164(delivered: pl.Series, region: str) -> pl.Series:
    """Return phone numbers in E.164, null if libphonenumber finds a number invalid.

    Args:
        delivered: Trimmed strings.
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
    numbers = {text: _parse_phone(text, region) for text in distinct}
    return common.scatter(is_rest.arg_true(), rest.replace_strict(numbers, return_dtype=pl.String()))


@lru_cache(maxsize=100_000)
def _parse_phone(text: str, region: str) -> str | None:
    if not _WRITTEN_AS_NUMBER.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_emails(delivered: pl.Series) -> pl.Series:
    """Return e-mail addresses in lower case, null if an address is invalid or masked.

    A masked address is the same for many customers, so as an identifier it would merge strangers.
    """
    is_valid = (
        delivered.str.contains(_ADDRESS)
        & ~delivered.str.contains(_MASKED)
        & (delivered.str.len_bytes() <= _MAX_ADDRESS_BYTES)
        & (delivered.str.find("@", literal=True) <= _MAX_LOCAL_PART_BYTES)
    )
    return delivered.str.to_lowercase().set(~is_valid.fill_null(value=False), None)
