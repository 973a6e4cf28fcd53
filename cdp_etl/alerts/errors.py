"""Errors of alert configuration and delivery.

A text names a channel by its kind and host, never by its address: the address of a webhook is a secret.
"""

from cdp_etl.errors import CdpEtlError, UsageError


class AlertError(CdpEtlError):
    """Alerts cannot be sent."""


class ChannelConfigError(AlertError, UsageError):
    """The settings of a channel are incomplete, a file that they name is unreadable, or an extra is missing."""


class AlertsBusyError(AlertError):
    """Another process is sending alerts. It sends everything that is due."""


class DeliveryError(AlertError):
    """A channel did not accept a message.

    Attributes:
        is_transient: Whether another attempt may succeed.
    """

    def __init__(self, sentence: str, *, is_transient: bool) -> None:
        super().__init__(sentence)
        self.is_transient = is_transient
