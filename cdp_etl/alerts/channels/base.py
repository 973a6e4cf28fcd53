"""Delivery of a message to a channel: a bounded number of attempts, each of bounded duration."""

import logging
import threading
from typing import Protocol

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential_jitter

from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message

ANSWER_SECONDS = 5.0
"""Time limit of one answer of a channel's server."""

_ATTEMPT_SECONDS = 6.0
_ATTEMPTS = 3
_RETRY_SECONDS = 5.0


class Channel(Protocol):
    """A destination of messages."""

    @property
    def name(self) -> str:
        """Name in the notification state, metrics and messages; unique, and without an address."""

    def send(self, message: Message) -> None:
        """Send a message, or raise DeliveryError if it is not accepted."""


def deliver(channel: Channel, message: Message) -> None:
    """Send a message, with up to two more attempts after a transient error; takes at most 12 seconds.

    Raises:
        DeliveryError: If no attempt succeeds; the error of the last one.
    """
    # At level DEBUG, urllib3 logs the path of a request, which holds the token of many services.
    logging.getLogger("urllib3").setLevel(logging.INFO)
    for attempt in Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DeliveryError) and error.is_transient),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_RETRY_SECONDS),
        wait=wait_exponential_jitter(multiplier=0.3, max=1, jitter=0.1),
        reraise=True,
    ):
        with attempt:
            _send_within(_ATTEMPT_SECONDS, channel, message)


def _send_within(seconds: float, channel: Channel, message: Message) -> None:
    """Send in a thread and stop waiting after a time limit.

    Socket timeouts limit each answer, but not a name server that hangs or a server that answers byte by byte.
    The abandoned thread is a daemon and does not keep the process alive.
    """
    outcome: list[BaseException | None] = []

    def send() -> None:
        try:
            channel.send(message)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=send, name="cdp-etl alert", daemon=True)
    thread.start()
    thread.join(seconds)
    match outcome:
        case []:
            raise DeliveryError(f"{channel.name}: no answer within {seconds:g} seconds.", is_transient=True)
        case [BaseException() as error]:
            raise error
