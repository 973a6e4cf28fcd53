"""Waiting for a condition in another process."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_BETWEEN_LOOKS_SECONDS = 0.2


def wait_until(
    what: str, look: Callable[[], Found | None], *, seconds: float, explain: Callable[[], str] = str
) -> Found:
    """Poll until a value is available and return it; fail with an explanation after a time limit."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}\n{explain()}"
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    return found
