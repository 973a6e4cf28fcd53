"""Placeholders: values that systems deliver in place of a customer id or contact that they do not have.

Many strangers share a placeholder, so it is neither a customer key nor an identifier. It counts as present for
required fields.
"""

from typing import Final

DEFAULT_PLACEHOLDERS: Final = frozenset(
    {
        "c:null",
        r"c:\n",
        "c:none",
        "c:nan",
        "c:n/a",
        "c:undefined",
        "c:guest",
        "c:anonymous",
        "c:unknown",
        "c:-1",
        "e:noemail@*",
        "e:test@test.com",
    }
)
"""Placeholders of every installation (house rule), compared in full and without regard to case; `*` is any text.

A customer id or a phone of zeros only is a placeholder as well. There is no rule on repeated digits, because
0999999999 is a phone that is sold, and none on `*@example.com`.
"""

_PREFIXES: Final = ("c:", "e:", "p:")


def known_placeholders(names: frozenset[str]) -> frozenset[str]:
    """Return configured placeholders in lower case.

    Raises:
        ValueError: If one lacks the prefix of its kind, or has nothing after it.
    """
    folded = frozenset(name.lower() for name in names)
    if not all(name.startswith(_PREFIXES) and len(name) > len("c:") for name in folded):
        raise ValueError("expected values with their kind such as c:walk-in,e:*@shop.example,p:0900000000")
    return folded
