"""Settings that change the rows of a mart; a mart that reads one is rebuilt when its value changes."""

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
"""Default weight of one action in the affinity of a person for a product (house rule)."""


@dataclass(frozen=True, slots=True)
class MartSettings:
    """Values that the marts' SQL reads in addition to its inputs.

    Attributes:
        max_customers_per_identifier: An identifier that occurs with more identifiers of another kind than this is
            excluded from identity matching: a call centre's phone, a guest's customer id.
        identifier_denylist: Identifiers that are always excluded from identity matching, such as `c:GUEST`.
        affinity_weights: Weight of one action in the affinity of a person for a product, by the name of the action
            in `interaction`. `low_rating` is for a review with a low rating, and never for an activity of that
            name; `other` is for any other action.
        affinity_half_life_days: Days after which an action counts half.
        affinity_low_rating: Highest rating that lowers the affinity.
        influence_days: Length of the attribution window of a click, in multiples of 24 hours.
    """

    max_customers_per_identifier: int = 5
    identifier_denylist: tuple[str, ...] = ()
    affinity_weights: Mapping[str, float] = field(default_factory=lambda: AFFINITY_WEIGHTS)
    affinity_half_life_days: float = 30.0
    affinity_low_rating: int = 2
    influence_days: int = 7

    def value(self, name: str) -> Any:
        """Return the value of a setting in the type that DuckDB accepts as a variable."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value
