"""Closed lists of event types and action types (house rule)."""

from typing import Final

EVENT_TYPES: Final = (
    "requested",
    "sent",
    "delivered",
    "deferred",
    "soft_bounced",
    "hard_bounced",
    "rejected",
    "opened",
    "machine_opened",
    "clicked",
    "machine_clicked",
    "unsubscribed",
    "resubscribed",
    "complained",
    "replied",
    "failed",
)
"""Types of e-mail and SMS events."""

ACTION_TYPES: Final = (
    "search",
    "view",
    "wishlist",
    "remove_from_wishlist",
    "compare",
    "share",
    "add_to_cart",
    "remove_from_cart",
    "checkout",
    "purchase",
    "cancel",
    "refund",
)
"""Types of activities that a mapping can name."""

OTHER_ACTION: Final = "other"
"""Type of an activity without a mapping."""
