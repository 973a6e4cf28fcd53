"""Waiting for what comes about in another process."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_BETWEEN_LOOKS_SECONDS = 0.2


def wait_until(
    what: str, look: Callable[[], Found | None], *, seconds: float, explain: Callable[[], str] = str
) -> Found:
    """Look again and again until there is something to give; after so many seconds fail, and explain."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}\n{explain()}"
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    return found
