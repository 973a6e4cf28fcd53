"""Messages: recipients by day, and the funnel of each channel over seven days.

A recipient counts once, regardless of the number of messages and of repeated events. As in the mart
`campaign_daily`, a click does not imply an open: mails are also read with images blocked.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import run_query


@dataclass(frozen=True, slots=True)
class RecipientsOnDay:
    """Distinct recipients of a channel (email, sms) with an event (sent, opened, clicked) on a day."""

    activity_date: date
    channel: str
    step: str
    recipient_count: int


@dataclass(frozen=True, slots=True)
class MessageFunnel:
    """Funnel of a channel over seven days, in distinct recipients.

    Attributes:
        channel: email or sms.
        is_latest: True for the latest seven days, False for the seven before.
        sent: Recipients of a message.
        opened: Those among them who opened one.
        clicked: Those among them who clicked.
        opened_any: Recipients who opened a message, regardless of when it was sent.
        clicked_any: Recipients who clicked, regardless of when the message was sent.
        not_reached: Recipients of a message that bounced or failed.
        opted_out: Recipients who unsubscribed or complained.
    """

    channel: str
    is_latest: bool
    sent: int
    opened: int
    clicked: int
    opened_any: int
    clicked_any: int
    not_reached: int
    opted_out: int


def read_recipients(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[RecipientsOnDay, ...]:
    """Return distinct recipients by day of the event, channel and step."""
    return run_query(connection, "recipients_daily", RecipientsOnDay, first=first, last=last)


def read_funnels(connection: duckdb.DuckDBPyConnection, last: date) -> tuple[MessageFunnel, ...]:
    """Return the funnel of each channel over the seven days that end with `last`, and over the seven before."""
    return run_query(connection, "funnel", MessageFunnel, last=last)
