"""What can go wrong between a finding and the person who is to be told.

A text names the receiver by its kind and host, never by its address: a webhook's address is a secret.
"""

from cdp_etl.errors import CdpEtlError


class AlertError(CdpEtlError):
    """Alerts cannot be sent as asked."""


class ReceiverConfigError(AlertError):
    """A receiver's settings are not complete, or a file that they name cannot be read."""


class AlertsBusyError(AlertError):
    """Another process is sending alerts at this moment; it tells what there is to tell."""


class DeliveryError(AlertError):
    """A receiver did not take a message.

    Attributes:
        is_transient: Whether trying again may help.
    """

    def __init__(self, sentence: str, *, is_transient: bool) -> None:
        super().__init__(sentence)
        self.is_transient = is_transient
