"""The settings that bear on what the marts hold.

Put here values that change a row of a mart: a mart that reads one rebuilds itself whole when it changes.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MartSettings:
    """What the marts' SQL reads beside its inputs.

    Attributes:
        max_customers_per_identifier: An identifier that occurs with more identifiers of another kind than this
            links nobody: a call centre's phone, a guest's customer id.
        identifier_denylist: Identifiers that link nobody whatever they occur with, such as `c:GUEST`.
    """

    max_customers_per_identifier: int = 5
    identifier_denylist: tuple[str, ...] = ()

    def value(self, name: str) -> Any:
        """Give one of them by name, as DuckDB is given it."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value
