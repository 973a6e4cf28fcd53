"""Notification state: open findings and what each channel has received, so that nothing is sent twice.

State transitions are pure functions; `dispatch.py` applies them. The state is a file and not a table of the
warehouse, because alerts must also be sent while the warehouse is locked or damaged (decision 0070).

The aliases are the keys of the file. They stay as they were first written, so that an upgrade reads the old file.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.durable_files import write_file

MAX_DISPATCHES = 6
"""Number of dispatches that send a message before it is given up. The wait between them doubles."""

_FIRST_WAIT = timedelta(minutes=1)
_FILE = "memory.json"

Outcome = Literal["delivered", "failed", "given up"]


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """Delivery of one finding, in its present state, to one channel.

    Attributes:
        is_done: Whether it was delivered or given up.
        is_delivered: Whether it was delivered.
        dispatches: Number of dispatches that sent it.
        next_at: Time of the next attempt; None for the next dispatch.
    """

    is_done: bool = False
    is_delivered: Annotated[bool, Field(alias="is_told")] = False
    dispatches: Annotated[int, Field(alias="rounds")] = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrackedFinding:
    """A finding with its age and its deliveries.

    Attributes:
        finding: As last evaluated.
        first_seen_at: When it was first found, UTC.
        is_resolved: Whether it is gone. Channels that received it are notified of that too.
        deliveries: By channel.
    """

    finding: Finding
    first_seen_at: datetime
    is_resolved: Annotated[bool, Field(alias="is_over")] = False
    deliveries: Mapping[str, DeliveryState] = field(default_factory=dict)

    def delivery(self, channel: str) -> DeliveryState:
        """Return the delivery to a channel. A channel that never received a resolved finding is done with it."""
        return self.deliveries.get(channel, DeliveryState(is_done=self.is_resolved))


@dataclass(frozen=True, slots=True)
class NotificationState:
    """State between two dispatches.

    Attributes:
        findings: Tracked findings by key.
        counts: Number of messages ever, by channel and outcome (`webhook delivered`).
        ledger_unreadable_since: When the ledger was first found unreadable; None if it is readable.
    """

    findings: Annotated[Mapping[str, TrackedFinding], Field(alias="told")] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    ledger_unreadable_since: Annotated[datetime | None, Field(alias="ledger_unread_since")] = None

    def with_findings(
        self, findings: Iterable[Finding], evaluated_kinds: Collection[FindingKind], now: datetime
    ) -> "NotificationState":
        """Return the state after an evaluation. A missing finding of an evaluated kind is resolved."""
        current = {finding.key: finding for finding in findings}
        tracked: dict[str, TrackedFinding] = {}
        for key, before in self.findings.items():
            if key not in current and before.finding.kind in evaluated_kinds:
                tracked.update(_resolved(key, before))
            elif key not in current:
                tracked[key] = before
        for key, finding in current.items():
            known = self.findings.get(key)
            tracked[key] = _evaluated_again(known, finding, now) if known else TrackedFinding(finding, now)
        return replace(self, findings=tracked)

    def due(self, channel: str, now: datetime) -> Iterator[TrackedFinding]:
        """Yield what is to be sent to a channel now, oldest first."""
        for tracked in sorted(self.findings.values(), key=lambda one: (one.first_seen_at, one.finding.key)):
            delivery = tracked.delivery(channel)
            is_old_enough = tracked.is_resolved or now - tracked.first_seen_at >= tracked.finding.notify_after
            is_time = delivery.next_at is None or delivery.next_at <= now
            if not delivery.is_done and is_old_enough and is_time:
                yield tracked

    def with_delivery(
        self, channel: str, keys: Collection[str], *, is_delivered: bool, now: datetime
    ) -> "NotificationState":
        """Return the state after a message about these findings was sent to a channel."""
        findings = dict(self.findings)
        outcome: Outcome = "delivered" if is_delivered else "failed"
        for key in keys:
            dispatches = findings[key].delivery(channel).dispatches + 1
            is_given_up = not is_delivered and dispatches == MAX_DISPATCHES
            outcome = "given up" if is_given_up else outcome
            delivery = DeliveryState(
                is_done=is_delivered or is_given_up,
                is_delivered=is_delivered,
                dispatches=dispatches,
                next_at=None if is_delivered else now + _FIRST_WAIT * 2 ** (dispatches - 1),
            )
            findings[key] = replace(findings[key], deliveries={**findings[key].deliveries, channel: delivery})
        count = f"{channel} {outcome}"
        return replace(self, findings=findings, counts={**self.counts, count: self.counts.get(count, 0) + 1})

    def without_resolved(self, channels: Collection[str]) -> "NotificationState":
        """Return the state without resolved findings that no channel waits for."""
        return replace(
            self,
            findings={
                key: tracked
                for key, tracked in self.findings.items()
                if not tracked.is_resolved or any(not tracked.delivery(channel).is_done for channel in channels)
            },
        )

    def message_counts(self) -> Iterator[tuple[str, Outcome, int]]:
        """Yield channel, outcome and number of messages. Channel names may contain a space (`tgram 1`)."""
        outcomes: tuple[Outcome, ...] = get_args(Outcome)
        for key, count in self.counts.items():
            for outcome in outcomes:
                if key.endswith(f" {outcome}"):
                    yield key.removesuffix(f" {outcome}"), outcome, count


def _resolved(key: str, before: TrackedFinding) -> Mapping[str, TrackedFinding]:
    """Mark a finding as resolved, or drop it if no channel received it."""
    if before.is_resolved:
        return {key: before}
    deliveries = {
        channel: DeliveryState(is_done=not delivery.is_delivered)
        for channel, delivery in before.deliveries.items()
    }
    if all(delivery.is_done for delivery in deliveries.values()):
        return {}
    return {key: replace(before, is_resolved=True, deliveries=deliveries)}


def _evaluated_again(before: TrackedFinding, finding: Finding, now: datetime) -> TrackedFinding:
    """Keep the deliveries of an unchanged finding. A changed or recurring finding is sent again."""
    if before.is_resolved:
        return TrackedFinding(finding, now)
    if before.finding.fingerprint != finding.fingerprint:
        return replace(before, finding=finding, deliveries={})
    return replace(before, finding=finding)


_state = TypeAdapter(NotificationState)


def read_state(folder: Path) -> NotificationState:
    """Read the state of the last dispatch, or an empty one if the file is missing or corrupt.

    If the file is corrupt, every open finding is sent again: duplicates are better than silence.
    """
    path = folder / _FILE
    try:
        return _state.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return NotificationState()


def write_state(folder: Path, state: NotificationState) -> None:
    """Save the state for the next dispatch."""
    write_file(folder / _FILE, _state.dump_json(state, indent=1, by_alias=True))
