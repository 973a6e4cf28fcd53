"""The settings that bear on what the marts hold.

Put here values that change a row of a mart: a mart that reads one rebuilds itself whole when it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AFFINITY_WEIGHTS: Mapping[str, float] = {
    "search": 1.0,
    "view": 1.0,
    "wishlist": 3.0,
    "add_to_cart": 4.0,
    "purchase": 10.0,
    "comment": 2.0,
    "review": 3.0,
    "low_rating": -5.0,
    "subscribe": 3.0,
    "unsubscribe": -3.0,
    "other": 1.0,
}
"""What one action adds to the affinity of a person and a product (house rule)."""


@dataclass(frozen=True, slots=True)
class MartSettings:
    """What the marts' SQL reads beside its inputs.

    Attributes:
        max_customers_per_identifier: An identifier that occurs with more identifiers of another kind than this
            links nobody: a call centre's phone, a guest's customer id.
        identifier_denylist: Identifiers that link nobody whatever they occur with, such as `c:GUEST`.
        affinity_weights: What one action adds to the affinity of a person and a product, by its name as
            `interaction` spells it; `low_rating` is a review whose rating is low, `other` any other action.
        affinity_half_life_days: After how many days an action counts for half.
        affinity_low_rating: The highest rating that lowers the affinity.
        influence_days: For how many times 24 hours a click counts for what the person does next.
    """

    max_customers_per_identifier: int = 5
    identifier_denylist: tuple[str, ...] = ()
    affinity_weights: Mapping[str, float] = field(default_factory=lambda: AFFINITY_WEIGHTS)
    affinity_half_life_days: float = 30.0
    affinity_low_rating: int = 2
    influence_days: int = 7

    def value(self, name: str) -> Any:
        """Give one of them by name, as DuckDB is given it."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value
