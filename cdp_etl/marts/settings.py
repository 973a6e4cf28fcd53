"""The settings that bear on what the marts hold.

Put here values that change a row of a mart: a mart that reads one rebuilds itself whole when it changes.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MartSettings:
    """What the marts' SQL reads beside its inputs."""

    def value(self, name: str) -> Any:
        """Give one of them by name."""
        return getattr(self, name)
