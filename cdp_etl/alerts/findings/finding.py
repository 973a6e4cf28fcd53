"""A finding: one thing that is wrong now, in a place, with what to do next.

Put here what a finding is made of. Where findings come from stands in `dumps.py` and `marts.py`, and for runs with
Dagster in `cdp_etl.defs`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What can be wrong, the worst first; each has a chapter of its name in docs/operations.md."""

    CHECK_FAILED = "check failed"
    WAREHOUSE_HELD = "warehouse held"
    RUN_FAILED = "run failed"
    MARTS_STALE = "marts stale"
    DUMP_REFUSED = "dump refused"
    DUMP_NOT_LOADED = "dump not loaded"
    DUMP_MISSING = "dump missing"

    @property
    def heading(self) -> str:
        """Give it as a heading."""
        return self.value.capitalize()

    @property
    def anchor(self) -> str:
        """Give where its chapter begins in docs/operations.md."""
        return self.value.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong now.

    Attributes:
        kind: What is wrong.
        place: Where, in a few words that no other finding of its kind has.
        what: What happened, in sentences, without a record's values.
        where: Entity, dump date, job, run …, by name, for the reader.
        command: What to run next.
        state: While it stays the same, the finding is the same and not told again.
        patience: How long it must last before it is told: what passes by itself is nobody's business.
    """

    kind: Kind
    place: str
    what: str
    where: Mapping[str, str]
    command: str
    state: str
    patience: timedelta = field(default=timedelta(0))

    @property
    def key(self) -> str:
        """Give what tells it from all others, as long as it lasts."""
        return f"{self.kind.value}: {self.place}"
