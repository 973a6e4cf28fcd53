"""One round of alerts: what is there is compared with what was told, and each receiver hears what is new to it.

Put here the order of the steps. One process holds a round at a time; what a receiver does not take is kept for
the next rounds.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_etl.alerts.channels.base import Receiver, deliver
from cdp_etl.alerts.errors import AlertsBusyError, DeliveryError
from cdp_etl.alerts.findings.finding import Finding, Kind
from cdp_etl.alerts.message import Installation, compose
from cdp_etl.alerts.notification_state import MOST_ROUNDS, Memory, Told, read_memory, write_memory

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round is about.

    Attributes:
        findings: All that is wrong now.
        looked_at: The kinds that were looked at: what is gone of another kind is not over.
        ledger_unread_since: Since when the ledger cannot be read; None where it could.
    """

    findings: Sequence[Finding]
    looked_at: Collection[Kind]
    ledger_unread_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a round has sent to one receiver: how many findings, and why not where it was not taken."""

    receiver: str
    findings: int
    error: str | None


def hold_round(
    folder: Path,
    installation: Installation,
    receivers: Sequence[Receiver],
    look: Callable[[Memory], Round],
    now: datetime,
) -> list[Sent]:
    """Look, and tell each receiver what it does not know yet.

    Args:
        folder: Where the memory is kept; made where it is missing.
        installation: Who speaks.
        receivers: Who is told.
        look: Gives what is wrong, having seen what is remembered.
        now: The moment, UTC.

    Raises:
        AlertsBusyError: another process holds a round.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "memory.lock", timeout=0):
            before = read_memory(folder)
            memory = _taken_in(before, look(before), now)
            sent = []
            for receiver in receivers:
                memory, one = _told(memory, installation, receiver, now)
                sent += [one] * (one.findings > 0)
                write_memory(folder, memory)  # after each: a kill must not make the first hear it twice
            write_memory(folder, memory.without_what_is_over([receiver.name for receiver in receivers]))
            return sent
    except Timeout:
        raise AlertsBusyError("Another process is sending alerts at this moment.") from None


def would_be_sent(memory: Memory, seen: Round, receiver: str, now: datetime) -> list[Told]:
    """Give what a receiver would be told in a round held now."""
    return list(_taken_in(memory, seen, now).due(receiver, now))


def _taken_in(memory: Memory, seen: Round, now: datetime) -> Memory:
    return replace(memory.seen(seen.findings, seen.looked_at, now), ledger_unread_since=seen.ledger_unread_since)


def _told(memory: Memory, installation: Installation, receiver: Receiver, now: datetime) -> tuple[Memory, Sent]:
    due = list(memory.due(receiver.name, now))
    if not due:
        return memory, Sent(receiver.name, 0, None)
    keys = [told.finding.key for told in due]
    try:
        deliver(receiver, compose(installation, due))
    except DeliveryError as error:
        after = memory.after(receiver.name, keys, is_taken=False, now=now)
        given_up = [key for key in keys if after.told[key].deliveries[receiver.name].is_done]
        _logger.warning("%s %s findings wait for the next round.", error, len(keys) - len(given_up))
        for key in given_up:
            _logger.error(  # noqa: TRY400 - no traceback: why it was not taken was just said
                "Given up after %s rounds, %s was not told of: %s", MOST_ROUNDS, receiver.name, key
            )
        return after, Sent(receiver.name, len(keys), str(error))
    return memory.after(receiver.name, keys, is_taken=True, now=now), Sent(receiver.name, len(keys), None)
