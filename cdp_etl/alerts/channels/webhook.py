"""Webhook channel: JSON in the format of Slack's incoming webhooks, which Mattermost and others accept."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from cdp_etl.alerts.channels.base import ANSWER_SECONDS
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message

_TRANSIENT_STATUSES = {408, 425, 429}
_SERVER_ERROR = 500
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts `{"text": …}` to an address. The address is a secret: whoever knows it can post there."""

    url: SecretStr

    @property
    def name(self) -> str:
        """Name of the channel; there is at most one."""
        return "webhook"

    def send(self, message: Message) -> None:
        """Post the message. Redirects are not followed.

        Raises:
            DeliveryError: If the server is unreachable or does not answer with a status of 200 to 299.
        """
        try:
            response = requests.post(
                self.url.get_secret_value(),
                json={"text": _escaped(f"*{message.subject}*\n{message.text}")},
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
                stream=True,  # the body is not read: it may be endless
            )
        except requests.RequestException as error:  # its text holds the address
            fact = f"{self._host} cannot be reached ({type(error).__name__})"
            is_transient = isinstance(error, requests.ConnectionError | requests.Timeout)
            raise DeliveryError(f"webhook: {fact}.", is_transient=is_transient) from None
        with response:
            if response.status_code not in _SUCCESS:
                raise DeliveryError(
                    f"webhook: {self._host} answers {response.status_code}.",
                    is_transient=response.status_code >= _SERVER_ERROR
                    or response.status_code in _TRANSIENT_STATUSES,
                )

    @property
    def _host(self) -> str:
        return urlsplit(self.url.get_secret_value()).hostname or "the address"


def _escaped(text: str) -> str:
    """Escape the characters that Slack would read as a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
