"""Secrets within URLs, masked before a URL is shown."""

import re
from typing import Final
from urllib.parse import urlsplit

_MASK: Final = "***"
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def without_url_secrets(text: str) -> str:
    """Return a text with `***` instead of the passwords, queries and fragments of its URLs.

    A query can hold a signature (SAS of Azure, presigned S3) or a token.
    """
    return _URL.sub(lambda found: _masked(found[0]), text)


def _masked(url: str) -> str:
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(url)
    except ValueError:  # not a URL after all, so nothing of it is known to be public
        return f"{scheme}://{_MASK}"
    login, separator, host = parts.netloc.rpartition("@")
    user, has_password, _ = login.partition(":")
    shown = f"{user}:{_MASK}" if has_password else user
    query = f"?{_MASK}" if "?" in rest else ""
    fragment = f"#{_MASK}" if parts.fragment else ""
    return f"{scheme}://{shown}{separator}{host}{parts.path}{query}{fragment}"
