"""How a message is handed to a receiver: a bounded number of attempts, each of bounded length.

Put here what holds for every receiver. What one speaks stands in `webhook.py` and `smtp.py`.
"""

import threading
from typing import Protocol

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential_jitter

from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message

ANSWER_SECONDS = 5.0
"""How long a receiver may take for one answer."""

_ATTEMPT_SECONDS = 6.0
_ATTEMPTS = 3
_TRIED_FOR_SECONDS = 5.0


class Receiver(Protocol):
    """Somewhere that messages go to."""

    @property
    def name(self) -> str:
        """Its kind; there is one of a kind."""

    def send(self, message: Message) -> None:
        """Hand over a message; raise DeliveryError where it is not taken."""


def deliver(receiver: Receiver, message: Message) -> None:
    """Hand over a message, with two more attempts where that may help and is soon; it takes 12 seconds at most.

    Raises:
        DeliveryError: it was not taken; the last attempt says why.
    """
    for attempt in Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DeliveryError) and error.is_transient),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_TRIED_FOR_SECONDS),
        wait=wait_exponential_jitter(multiplier=0.3, max=1, jitter=0.1),
        reraise=True,
    ):
        with attempt:
            _within(_ATTEMPT_SECONDS, receiver, message)


def _within(seconds: float, receiver: Receiver, message: Message) -> None:
    """Send in a thread, and wait no longer than this.

    Time-outs of sockets bound each answer, but neither a name server that hangs nor a receiver that answers byte
    by byte. The thread that is left behind ends by them.
    """
    ended: list[BaseException | None] = []

    def send() -> None:
        try:
            receiver.send(message)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=send, name="cdp-etl alert", daemon=True)
    thread.start()
    thread.join(seconds)
    match ended:
        case []:
            raise DeliveryError(f"{receiver.name}: no answer within {seconds:g} seconds.", is_transient=True)
        case [BaseException() as error]:
            raise error
