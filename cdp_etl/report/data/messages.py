"""How far messages went: recipients by day, and the funnel of each channel over seven days.

A recipient counts once, however many messages there were and however often a provider reports one event. As in the
mart `campaign_daily` a click is no opening: readers who block images open mails unseen.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import ask


@dataclass(frozen=True, slots=True)
class RecipientsOnDay:
    """How many distinct recipients of a channel (email, sms) had an event (sent, opened, clicked) on a day."""

    activity_date: date
    channel: str
    step: str
    recipient_count: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the recipients of a channel went within seven days, in distinct recipients.

    Attributes:
        channel: email or sms.
        is_latest: Whether it is of the latest seven days; else of the seven before.
        sent: To whom a message was sent.
        opened: Of these, those who opened one.
        clicked: Of these, those who clicked.
        opened_any: Who opened one, whenever it was sent.
        clicked_any: Who clicked one, whenever it was sent.
        missed: Whom a message did not reach: bounced or failed.
        left_channel: Who unsubscribed or complained.
    """

    channel: str
    is_latest: bool
    sent: int
    opened: int
    clicked: int
    opened_any: int
    clicked_any: int
    missed: int
    left_channel: int


def read_recipients(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[RecipientsOnDay, ...]:
    """Give distinct recipients by day of the event, channel and step."""
    return ask(connection, "recipients_daily", RecipientsOnDay, first=first, last=last)


def read_funnels(connection: duckdb.DuckDBPyConnection, last: date) -> tuple[Funnel, ...]:
    """Give the funnel of each channel over the seven days that end with `last`, and over the seven before."""
    return ask(connection, "funnel", Funnel, last=last)
