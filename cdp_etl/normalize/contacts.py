"""Normalization of phones and e-mail addresses, so that they can be compared.

A phone becomes E.164 and an address lower case. An unusable contact becomes null with a warning; it never
quarantines a record. The entities declare which columns contain contacts.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import idna
import phonenumbers
import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.normalize.contact_wrappers import unwrap_email, unwrap_phone
from cdp_etl.normalize.vietnamese_prefixes import with_new_prefix

NOT_DIALABLE: Final = "not a dialable number"
NOT_VALID: Final = "not a valid address"
PLACEHOLDER: Final = "placeholder"

_VIETNAM: Final = "VN"
_VIETNAMESE_MOBILE: Final = r"^(?:0|\+84)[ .-]?((?:3[0-9]|5[1689]|7[06-9]|8[1-8]|9[0-8])(?:[ .-]?[0-9]){7})$"
"""Common spellings of Vietnamese mobile numbers; a test compares every prefix with libphonenumber."""
_WRITTEN_AS_NUMBER: Final = re.compile(r"\+?[0-9 ().\-/]{1,40}", re.ASCII)
"""Letters are rejected first: libphonenumber reads the letters of a masked 098685xxxx as telephone keys."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS: Final = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{2,59}})$"
"""An RFC 5321 address in its usual form: a dot-atom and a domain with a dot, ASCII only, no quotes, no IP."""
_PLAIN_ADDRESS: Final = re.compile(_ADDRESS)
_AT: Final = r"[@\x{FF20}]"
"""No wrapper gives a text an @ that it does not have, in ASCII or full-width."""
_MAX_WRAPPED: Final = 400
"""Characters of the longest text that is searched for an address: a name and an address fit."""
_MASKED: Final = r"^(?:[^@]*[*•]|[^@]{1,3}(?i:x{4,})@)"
"""A masked local part (house rule): one with `*` or `•`, or one to three characters and then at least four x."""
_MASKED_ADDRESS: Final = re.compile(_MASKED)
_MAX_ADDRESS_BYTES: Final = 254
_MAX_LOCAL_PART_BYTES: Final = 64


def normalize_contact(
    field: ContractField, delivered: pl.Series, region: str, *, reads_old_prefixes: bool = True
) -> pl.Series:
    """Return the normalized column of a contact field, null if a contact is absent or unusable."""
    if field.column.personal is Personal.PHONE:
        return to_e164(delivered, region, reads_old_prefixes=reads_old_prefixes)
    return normalize_emails(delivered)


def contact_warning(field: ContractField) -> str:
    """Return the warning of an unusable contact."""
    fact = NOT_DIALABLE if field.column.personal is Personal.PHONE else NOT_VALID
    return f"{field.contract_name}: {fact}"


def placeholder_warning(field: ContractField) -> str:
    """Return the warning of a contact that is a placeholder."""
    return f"{field.contract_name}: {PLACEHOLDER}"


def to_e164(delivered: pl.Series, region: str, *, reads_old_prefixes: bool = True) -> pl.Series:
    """Return phone numbers in E.164, null if libphonenumber finds a number invalid.

    Args:
        delivered: Trimmed strings.
        region: The region (ISO 3166) of numbers without a country code.
        reads_old_prefixes: Whether Vietnamese mobile numbers of before 2018 get their new prefix.
    """
    if region == _VIETNAM:
        digits = delivered.str.extract(_VIETNAMESE_MOBILE).str.replace_all(r"[ .-]", "")
        common = "+84" + digits
    else:
        common = pl.Series([None], dtype=pl.String()).new_from_index(0, len(delivered))
    return _fill(common, delivered, lambda text: _parse_phone(text, region, reads_old_prefixes))


def _fill(common: pl.Series, delivered: pl.Series, parse: Callable[[str], str | None]) -> pl.Series:
    """Parse the strings that have no result yet; each distinct string once."""
    is_rest = common.is_null() & delivered.is_not_null()
    rest = delivered.filter(is_rest)
    if rest.is_empty():
        return common
    parsed = {text: parse(text) for text in rest.unique()}
    return common.scatter(is_rest.arg_true(), rest.replace_strict(parsed, return_dtype=pl.String()))


@lru_cache(maxsize=100_000)
def _parse_phone(delivered: str, region: str, reads_old_prefixes: bool) -> str | None:  # noqa: FBT001 - for the cache
    text = unwrap_phone(delivered)
    if not _WRITTEN_AS_NUMBER.fullmatch(text):
        return None
    renumbered = with_new_prefix(text, region) if reads_old_prefixes else None
    try:
        number = phonenumbers.parse(renumbered or text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_emails(delivered: pl.Series) -> pl.Series:
    """Return e-mail addresses in lower case, null if an address is invalid or masked.

    A masked address is the same for many customers, so as an identifier it would merge strangers. Two addresses in
    one text are none. A domain in other scripts becomes its ASCII form by UTS 46.
    """
    has_at = delivered.str.contains(_AT).fill_null(value=False)
    if not has_at.any():
        return delivered.set(~has_at, None)
    is_valid = (
        delivered.str.contains(_ADDRESS)
        & ~delivered.str.contains(_MASKED)
        & (delivered.str.len_bytes() <= _MAX_ADDRESS_BYTES)
        & (delivered.str.find("@", literal=True) <= _MAX_LOCAL_PART_BYTES)
    )
    plain = delivered.str.to_lowercase().set(~is_valid.fill_null(value=False), None)
    return _fill(plain, delivered.set(~has_at, None), _parse_email)


@lru_cache(maxsize=100_000)
def _parse_email(delivered: str) -> str | None:
    if len(delivered) > _MAX_WRAPPED:
        return None
    local, at, domain = unwrap_email(delivered).partition("@")
    if not at or "@" in domain or not local.isascii():
        return None
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except idna.IDNAError:
            return None
    address = f"{local}@{domain}".lower()
    is_valid = (
        _PLAIN_ADDRESS.match(address)
        and not address.endswith("\n")
        and not _MASKED_ADDRESS.match(address)
        and len(address) <= _MAX_ADDRESS_BYTES
        and len(local) <= _MAX_LOCAL_PART_BYTES
    )
    return address if is_valid else None
