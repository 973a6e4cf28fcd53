"""A receiver that takes JSON by HTTP, as Slack's incoming webhooks do (Mattermost and others follow them)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from cdp_etl.alerts.channels.base import ANSWER_SECONDS
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message

_PASSES_BY_ITSELF = {408, 425, 429}
_SERVER_ERROR = 500
_TAKEN = range(200, 300)


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """Posts `{"text": …}` to an address, which is a secret: whoever knows it can write there."""

    url: SecretStr

    @property
    def name(self) -> str:
        """Its kind."""
        return "webhook"

    def send(self, message: Message) -> None:
        """Post the message.

        Raises:
            DeliveryError: it was not taken.
        """
        try:
            answer = requests.post(
                self.url.get_secret_value(),
                json={"text": _escaped(f"*{message.subject}*\n{message.text}")},
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
                stream=True,  # what it answers is not read: there may be no end to it
            )
        except requests.RequestException as error:  # its text holds the address
            fact = f"{self._host} cannot be reached ({type(error).__name__})"
            is_transient = isinstance(error, requests.ConnectionError | requests.Timeout)
            raise DeliveryError(f"webhook: {fact}.", is_transient=is_transient) from None
        with answer:
            if answer.status_code not in _TAKEN:
                raise DeliveryError(
                    f"webhook: {self._host} answers {answer.status_code}.",
                    is_transient=answer.status_code >= _SERVER_ERROR or answer.status_code in _PASSES_BY_ITSELF,
                )

    @property
    def _host(self) -> str:
        return urlsplit(self.url.get_secret_value()).hostname or "the address"


def _escaped(text: str) -> str:
    """Escape what Slack would read as a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
