"""Who is told what is wrong: findings, what was told of them already, and the receivers.

Put here what is worth a person's attention and how it reaches them. When it is looked for stands in
`cdp_etl.defs.sensors.alerts`; what to do about each kind is docs/operations.md.
"""

from cdp_etl.alerts.channels.base import Receiver
from cdp_etl.alerts.channels.smtp import SmtpReceiver
from cdp_etl.alerts.channels.webhook import WebhookReceiver
from cdp_etl.alerts.dispatch import Round, Sent, hold_round, would_be_sent
from cdp_etl.alerts.errors import AlertsBusyError, DeliveryError, ReceiverConfigError
from cdp_etl.alerts.findings.finding import Finding, Kind
from cdp_etl.alerts.message import Installation, Message, compose
from cdp_etl.alerts.notification_state import Memory, Told, read_memory

__all__ = [
    "AlertsBusyError",
    "DeliveryError",
    "Finding",
    "Installation",
    "Kind",
    "Memory",
    "Message",
    "Receiver",
    "ReceiverConfigError",
    "Round",
    "Sent",
    "SmtpReceiver",
    "Told",
    "WebhookReceiver",
    "compose",
    "hold_round",
    "read_memory",
    "would_be_sent",
]
