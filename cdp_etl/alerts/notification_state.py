"""What was found and who was told of it: kept between rounds, so that nobody is told the same thing twice.

Put here the pure steps from one memory to the next, and its file. When a step is taken stands in `rounds.py`. The
file is not the warehouse, since alerts must go out while that is held or broken (docs/decisions/0070).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cdp_etl.alerts.findings.finding import Finding, Kind
from cdp_etl.durable_files import write_whole

MOST_ROUNDS = 6
"""A message that a receiver does not take is tried in this many rounds, then given up; the waits double."""

_FIRST_WAIT = timedelta(minutes=1)
_FILE = "memory.json"

Outcome = Literal["delivered", "failed", "given up"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of telling one receiver of one finding in its present state.

    Attributes:
        is_done: Whether it was told, or given up.
        is_told: Whether it was told.
        rounds: In how many rounds it was tried.
        next_at: When to try again; None at once.
    """

    is_done: bool = False
    is_told: bool = False
    rounds: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, since when it is there, and what was said of it to whom.

    Attributes:
        finding: As it was last seen.
        first_seen_at: When it was first seen, UTC.
        is_over: Whether it is gone, and those who were told of it are to be told that.
        deliveries: By receiver.
    """

    finding: Finding
    first_seen_at: datetime
    is_over: bool = False
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)

    def delivery(self, receiver: str) -> Delivery:
        """Give what became of telling a receiver; one that never heard of it need not hear that it is over."""
        return self.deliveries.get(receiver, Delivery(is_done=self.is_over))


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that is kept from one round to the next.

    Attributes:
        told: By the finding's key.
        counts: How many messages ended how, by receiver and outcome (`webhook delivered`), ever.
        ledger_unread_since: Since when the ledger cannot be read; None where it can.
    """

    told: Mapping[str, Told] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    ledger_unread_since: datetime | None = None

    def seen(self, findings: Iterable[Finding], looked_at: Collection[Kind], now: datetime) -> "Memory":
        """Take in what is there now; what is gone of the kinds that were looked at is over."""
        found = {finding.key: finding for finding in findings}
        told: dict[str, Told] = {}
        for key, before in self.told.items():
            if key not in found and before.finding.kind in looked_at:
                told.update(_over(key, before))
            elif key not in found:
                told[key] = before
        for key, finding in found.items():
            before_or_none = self.told.get(key)
            told[key] = _again(before_or_none, finding, now) if before_or_none else Told(finding, now)
        return replace(self, told=told)

    def due(self, receiver: str, now: datetime) -> Iterator[Told]:
        """Give what a receiver is to be told now, the oldest first."""
        for told in sorted(self.told.values(), key=lambda one: (one.first_seen_at, one.finding.key)):
            delivery = told.delivery(receiver)
            is_old_enough = told.is_over or now - told.first_seen_at >= told.finding.patience
            is_time = delivery.next_at is None or delivery.next_at <= now
            if not delivery.is_done and is_old_enough and is_time:
                yield told

    def after(self, receiver: str, keys: Collection[str], *, is_taken: bool, now: datetime) -> "Memory":
        """Write down whether a receiver took a message about these findings."""
        told = dict(self.told)
        outcome: Outcome = "delivered" if is_taken else "failed"
        for key in keys:
            before = told[key].delivery(receiver)
            rounds = before.rounds + 1
            is_given_up = not is_taken and rounds == MOST_ROUNDS
            outcome = "given up" if is_given_up else outcome
            delivery = Delivery(
                is_done=is_taken or is_given_up,
                is_told=is_taken,
                rounds=rounds,
                next_at=None if is_taken else now + _FIRST_WAIT * 2 ** (rounds - 1),
            )
            told[key] = replace(told[key], deliveries={**told[key].deliveries, receiver: delivery})
        count = f"{receiver} {outcome}"
        return replace(self, told=told, counts={**self.counts, count: self.counts.get(count, 0) + 1})

    def without_what_is_over(self, receivers: Collection[str]) -> "Memory":
        """Forget what is over and of which nobody is left to be told."""
        return replace(
            self,
            told={
                key: told
                for key, told in self.told.items()
                if not told.is_over or any(not told.delivery(receiver).is_done for receiver in receivers)
            },
        )


def _over(key: str, before: Told) -> Mapping[str, Told]:
    """Turn a finding that is gone into the news that it is; only who was told of it hears that."""
    if before.is_over:
        return {key: before}
    deliveries = {
        receiver: Delivery(is_done=not delivery.is_told) for receiver, delivery in before.deliveries.items()
    }
    if all(delivery.is_done for delivery in deliveries.values()):
        return {}
    return {key: replace(before, is_over=True, deliveries=deliveries)}


def _again(before: Told, finding: Finding, now: datetime) -> Told:
    """Keep what was said of a finding that is as it was; one that changed or came back is news."""
    if before.is_over:
        return Told(finding, now)
    if before.finding.state != finding.state:
        return replace(before, finding=finding, deliveries={})
    return replace(before, finding=finding)


_memory = TypeAdapter(Memory)


def read_memory(folder: Path) -> Memory:
    """Read what the last round kept; an empty memory where there was none, or where its file is damaged.

    A damaged file costs that everything is told once more, which is better than that nothing is.
    """
    path = folder / _FILE
    try:
        return _memory.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return Memory()


def write_memory(folder: Path, memory: Memory) -> None:
    """Keep the memory for the next round."""
    write_whole(folder / _FILE, _memory.dump_json(memory, indent=1))
