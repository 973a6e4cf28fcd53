"""Alert dispatch: compare current findings with those already sent, and send each channel the new ones.

One process dispatches at a time. A message that a channel does not accept is sent again by later dispatches.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_etl.alerts.channels.base import Channel, deliver
from cdp_etl.alerts.errors import AlertsBusyError, DeliveryError
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import Installation, compose
from cdp_etl.alerts.notification_state import (
    MAX_DISPATCHES,
    NotificationState,
    TrackedFinding,
    read_state,
    write_state,
)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FindingsSnapshot:
    """Findings at one point in time.

    Attributes:
        findings: All current findings.
        evaluated_kinds: Kinds that were evaluated. A finding of any other kind is not resolved by its absence.
        ledger_unreadable_since: When the ledger was first found unreadable; None if it is readable.
    """

    findings: Sequence[Finding]
    evaluated_kinds: Collection[FindingKind]
    ledger_unreadable_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Number of findings sent to one channel, and the error if delivery failed."""

    channel: str
    findings: int
    error: str | None


def dispatch(
    folder: Path,
    installation: Installation,
    channels: Sequence[Channel],
    evaluate: Callable[[NotificationState], FindingsSnapshot],
    now: datetime,
) -> list[DeliveryResult]:
    """Evaluate findings and send each channel those it has not received.

    Args:
        folder: Folder of the notification state; created if it is missing.
        installation: The sender.
        channels: Where messages go.
        evaluate: Returns the current findings, given the state of the last dispatch.
        now: Current time, UTC.

    Raises:
        AlertsBusyError: If another process is dispatching.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "memory.lock", timeout=0):
            before = read_state(folder)
            state = _updated(before, evaluate(before), now)
            results = []
            for channel in channels:
                state, result = _send_due(state, installation, channel, now)
                results += [result] * (result.findings > 0)
                # Saved after each channel, so that a killed process does not notify the first one twice.
                write_state(folder, state)
            write_state(folder, state.without_resolved([channel.name for channel in channels]))
            return results
    except Timeout:
        raise AlertsBusyError("Another process is sending alerts. Try again in a minute.") from None


def pending_findings(
    state: NotificationState, snapshot: FindingsSnapshot, channel: str, now: datetime
) -> list[TrackedFinding]:
    """Return what a dispatch at this time would send to a channel."""
    return list(_updated(state, snapshot, now).due(channel, now))


def _updated(state: NotificationState, snapshot: FindingsSnapshot, now: datetime) -> NotificationState:
    updated = state.with_findings(snapshot.findings, snapshot.evaluated_kinds, now)
    return replace(updated, ledger_unreadable_since=snapshot.ledger_unreadable_since)


def _send_due(
    state: NotificationState, installation: Installation, channel: Channel, now: datetime
) -> tuple[NotificationState, DeliveryResult]:
    due = list(state.due(channel.name, now))
    if not due:
        return state, DeliveryResult(channel.name, 0, None)
    keys = [tracked.finding.key for tracked in due]
    try:
        deliver(channel, compose(installation, due))
    except DeliveryError as error:
        after = state.with_delivery(channel.name, keys, is_delivered=False, now=now)
        given_up = [key for key in keys if after.findings[key].deliveries[channel.name].is_done]
        _logger.warning("%s %s findings wait for the next dispatch.", error, len(keys) - len(given_up))
        for key in given_up:
            _logger.error(  # noqa: TRY400 - no traceback: the line above has the reason
                "Given up after %s dispatches, %s was not notified of: %s", MAX_DISPATCHES, channel.name, key
            )
        return after, DeliveryResult(channel.name, len(keys), str(error))
    after = state.with_delivery(channel.name, keys, is_delivered=True, now=now)
    return after, DeliveryResult(channel.name, len(keys), None)
