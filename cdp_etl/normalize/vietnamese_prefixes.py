"""The change of Vietnam's mobile prefixes in 2018: 11-digit numbers became 10-digit numbers.

Each old prefix became one new prefix, and the last seven digits stayed. The operators changed all numbers from
2018-09-15, by the plan of the Ministry of Information and Communications of 2018-05-25. An old number is not valid
any more, so the two forms cannot be confused. Table as published, for example on
https://lawnet.vn/en/laws/what-is-the-current-list-of-prefixes-of-vietnamese-phone-numbers-of-mobile-network-operators-what-i-134777.html
"""

import re
from typing import Final

NEW_PREFIXES: Final = {
    # Viettel
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    # MobiFone
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    # VinaPhone
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    # Vietnamobile
    "186": "56", "188": "58",
    # Gmobile
    "199": "59",
}  # fmt: skip # an operator a line
"""New prefix by old prefix, without the leading zero."""

_SEPARATORS: Final = re.compile(r"[ .()\-/]")
_INTERNATIONAL: Final = re.compile(r"\+84(1[0-9]{2})([0-9]{7})", re.ASCII)
_NATIONAL: Final = re.compile(r"0(1[0-9]{2})([0-9]{7})", re.ASCII)


def with_new_prefix(text: str, region: str) -> str | None:
    """Return an old Vietnamese mobile number in E.164 with its new prefix; None if the number is none.

    Args:
        text: A phone as delivered, without wrapper. Only `+84` and ten digits, or in Vietnam `0` and ten digits,
            are old numbers.
        region: The region (ISO 3166) of numbers without a country code.
    """
    digits = _SEPARATORS.sub("", text)
    found = _INTERNATIONAL.fullmatch(digits) or (_NATIONAL.fullmatch(digits) if region == "VN" else None)
    if found is None or found[1] not in NEW_PREFIXES:
        return None
    return f"+84{NEW_PREFIXES[found[1]]}{found[2]}"
