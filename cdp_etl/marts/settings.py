"""Settings that change the rows of a mart; a mart that reads one is rebuilt when its value changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from itertools import accumulate
from typing import Any

from cdp_etl.vocabulary import load_vocabulary

PURCHASE_ACTIONS = ("purchase",)
"""Default types of actions that are purchases (house rule)."""
REFUND_ACTIONS = ("refund",)
"""Default types of actions that are refunds (house rule)."""

ATTRIBUTION_TOUCHES = ("clicked",)
"""Default types of events that are touches: of a person, never of a machine (house rule)."""
ATTRIBUTION_MODELS = ("last_touch", "first_touch", "linear")
"""Models of attribution of sales to campaigns."""

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

_HALVINGS = 51
"""Halvings after which a share in 10^-15 rounds to 0."""
_MAX_DECAY_DAYS = 36_525
"""Days of this century: timestamps begin in 2000, so no two are farther apart."""


@dataclass(frozen=True, slots=True)
class MartSettings:
    """Values that the marts' SQL reads in addition to its inputs.

    Attributes:
        max_customers_per_identifier: An identifier that occurs with more identifiers of another kind than this is
            excluded from identity matching: a call centre's phone, a guest's customer id.
        identifier_denylist: Identifiers that are always excluded from identity matching, such as `c:GUEST`.
        affinity_weights: Weight of one action in the affinity of a person for a product, by the name of the action
            in `interaction`, else by its type, with six decimals. `low_rating` is for a review with a low rating,
            and never for an activity of that name; `other` is for any other action.
        affinity_half_life_days: Days after which an action counts half.
        affinity_low_rating: Highest rating that lowers the affinity.
        action_types: Action type by the key of the word (`vocabulary.word_key`).
        purchase_actions: Action types that are purchases.
        refund_actions: Action types that are refunds.
        segments: SQL of the condition of each segment (`segment_conditions.py`), by its name.
        influence_days: Length of the window in which interactions follow a click, in multiples of 24 hours.
        attribution_days: Length of the window in which sales follow a touch, in multiples of 24 hours.
        attribution_touches: Event types that are touches.
        attribution_model: Model of the mart `campaign`; `campaign_attribution` has all of them.
        session_minutes: Interactions of a person that are less far apart are one session.
        bought_together_days: Purchases of a person that are less far apart, in days of 24 hours, are one basket.
        max_basket_products: A basket of more products is counted, but not its pairs.
        pair_min_baskets: A pair in fewer baskets is not in `product_pair`.
        max_pairs_per_product: Number of pairs of a product in `product_pair`, those of the most baskets.
    """

    max_customers_per_identifier: int = 5
    identifier_denylist: tuple[str, ...] = ()
    affinity_weights: Mapping[str, float] = field(default_factory=lambda: AFFINITY_WEIGHTS)
    affinity_half_life_days: float = 30.0
    affinity_low_rating: int = 2
    action_types: Mapping[str, str] = field(default_factory=lambda: load_vocabulary().action_types)
    purchase_actions: tuple[str, ...] = PURCHASE_ACTIONS
    refund_actions: tuple[str, ...] = REFUND_ACTIONS
    segments: Mapping[str, str] = field(default_factory=dict)
    influence_days: int = 7
    attribution_days: int = 7
    attribution_touches: tuple[str, ...] = ATTRIBUTION_TOUCHES
    attribution_model: str = ATTRIBUTION_MODELS[0]
    session_minutes: int = 30
    bought_together_days: int = 1
    max_basket_products: int = 50
    pair_min_baskets: int = 2
    max_pairs_per_product: int = 100

    @property
    def affinity_weight_millionths(self) -> Mapping[str, int]:
        """Weights in millionths, so that SQL adds them up without floating point."""
        return {name: _rounded(Decimal(str(weight)) * 10**6) for name, weight in self.affinity_weights.items()}

    @property
    def affinity_type_weight_millionths(self) -> Mapping[str, int]:
        """Weights in millionths by the key of a word whose type has a weight."""
        weights = self.affinity_weight_millionths
        return {word: weights[name] for word, name in sorted(self.action_types.items()) if name in weights}

    @property
    def affinity_decay(self) -> tuple[int, ...]:
        """Share of a score that is left after 0, 1, 2 … days, in 10^-15; after the last of them it rounds to 0."""
        return _decay(self.affinity_half_life_days)

    def value(self, name: str) -> Any:
        """Return the value of a setting in the type that DuckDB accepts as a variable."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value


@cache
def _decay(half_life_days: float) -> tuple[int, ...]:
    """Return 0.5^(day / half-life) for each day, in 10^-15, half away from zero."""
    with localcontext(prec=60):
        half_life = Decimal(str(half_life_days))
        daily = Decimal("0.5") ** (1 / half_life)
        error = Decimal("1e-30")  # above that of the products, so that exact shares and halves are not missed
        days = min(int(_HALVINGS * half_life) + 1, _MAX_DECAY_DAYS)
        shares = accumulate(range(days), lambda share, _: share * daily, initial=Decimal(1))
        return tuple(_rounded(share * 10**15 + error) for share in shares)


def _rounded(number: Decimal) -> int:
    """Return the nearest integer, half away from zero, as the marts' SQL rounds."""
    return int(number.to_integral_value(ROUND_HALF_UP))
