"""E-mail and SMS campaigns: the message and the type of each event.

Twenty consecutive events form a block, which belongs to one campaign. A block has the `sent` events of its
messages, their later events of the same day, and later events of a message that the same block of the day before
sent. So a funnel spans two dumps, although each event depends only on its day and position.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import BoolArray, Draws, IntArray, pick

BLOCK: Final = 20
_YESTERDAY: Final = 100
"""Added to a message's number in a block's plan if the message was sent the day before."""

_EMAIL_PLANS: Final = (
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 0, 1, 5, 10 + _YESTERDAY, 10 + _YESTERDAY),
     "sent " * 11 + "opened opened opened opened clicked clicked bounced opened clicked"),
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 0, 5, 6, 7, 10 + _YESTERDAY),
     "sent " * 13 + "opened opened clicked bounced complaint opened opened"),
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4, 0, 0, 10 + _YESTERDAY, 10 + _YESTERDAY),
     "sent " * 11 + "delivered opened opened opened opened clicked unsubscribed opened clicked"),
)  # fmt: skip # message numbers over their events
_SMS_PLANS: Final = (
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 1, 2, 3, 10 + _YESTERDAY),
     "sent " * 15 + "clicked clicked failed delivered clicked"),
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 10 + _YESTERDAY),
     "sent " * 16 + "clicked failed unsubscribed clicked"),
)  # fmt: skip # the same
_LATER_SECONDS: Final = {
    "sent": 0, "delivered": 20, "bounced": 40, "failed": 40, "opened": 5_400, "clicked": 6_000,
    "complaint": 7_200, "unsubscribed": 7_500,
}  # fmt: skip # one table
_THEMES: Final = ("Siêu sale cuối tuần", "Hàng mới về", "Ưu đãi thành viên", "Giỏ hàng của bạn", "Quà tháng 3")
_THEME_WEIGHTS: Final = (5, 3, 3, 2, 1)
_PROVIDERS: Final = {"email": ("Brevo", "Mailchimp"), "sms": ("SMSGWA", "SMSGWB")}
_DAYS_A_CAMPAIGN: Final = 7


@dataclass(frozen=True)
class Funnel:
    """Message and event of each row, derived from the row's position.

    Attributes:
        event: Name of the event.
        message_day: Day on which the message was sent, in days since 1970.
        message: Number of the message on that day.
        block: Number of the message's block on that day. All messages of a block belong to one campaign.
        lag_seconds: Seconds between sending and event.
        has_link: Whether the event is a click.
    """

    event: pl.Series
    message_day: IntArray
    message: IntArray
    block: IntArray
    lag_seconds: IntArray
    has_link: BoolArray


def make_funnel(seed: int, channel: str, day: IntArray, index: IntArray) -> Funnel:
    """Return message and event for each position of a day."""
    plans = _EMAIL_PLANS if channel == "email" else _SMS_PLANS
    messages = np.array([numbers for numbers, _ in plans], dtype=np.int64)
    names = sorted({name for _, events in plans for name in events.split()})
    events = np.array([[names.index(name) for name in events.split()] for _, events in plans], dtype=np.int64)
    later = np.array([_LATER_SECONDS[name] for name in names], dtype=np.int64)
    block, place = np.divmod(index, BLOCK)
    plan = Draws(seed, f"{channel} plan", day, block).below("plan", len(plans))
    number, event = messages[plan, place], events[plan, place]
    is_yesterdays = number >= _YESTERDAY
    return Funnel(
        event=pick(names, event),
        message_day=day - is_yesterdays,
        message=block * BLOCK + number % _YESTERDAY,
        block=block,
        lag_seconds=later[event] + 86_400 * is_yesterdays,
        has_link=event == names.index("clicked"),
    )


def campaign_columns(seed: int, channel: str, funnel: Funnel) -> dict[str, pl.Series]:
    """Return serviceProvider, campaignId, campaignName, templateId and templateName of each message."""
    draws = Draws(seed, f"{channel} campaign", funnel.message_day // _DAYS_A_CAMPAIGN, funnel.block % 64)
    theme = draws.weighted("theme", _THEME_WEIGHTS)
    provider = pick(_PROVIDERS[channel], theme % 2)
    week = pl.Series(funnel.message_day // _DAYS_A_CAMPAIGN).cast(pl.String)
    number = pl.Series(theme + 1).cast(pl.String)
    return {
        "serviceProvider": provider,
        "campaignId": f"{channel.upper()}-" + week + "-" + number,
        "campaignName": pick(_THEMES, theme) + " (đợt " + week + ")",
        "templateId": "TPL" + number.str.zfill(3),
        "templateName": pick(_THEMES, theme),
    }
