"""What a check of a mart is, and how one came out.

Put here the shape alone. Which facts are checked stands in `facts.py`, when and on which rows in `checking.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Scope = Literal["affected keys", "all rows"]


@dataclass(frozen=True, slots=True)
class Check:
    """A fact about a mart; while it does not hold nothing of the mart is published.

    Attributes:
        name: The fact.
        mart: The mart that it speaks of, by name.
        description: What it means, for a person.
        keys: The columns that tell apart what it is held against.
        contradictions: A SELECT over all rows: what contradicts it, as the columns of `keys`, `found` and
            `expected`.
        affected: The same for the keys that a run affected, over the temporary tables of `tally.py`, `pending` and
            the run's slices; None where it can be judged over all rows alone.
    """

    name: str
    mart: str
    description: str
    keys: tuple[str, ...]
    full_sql: str
    incremental_sql: str | None = None

    @property
    def key_expression(self) -> str:
        """The SQL by which a key is told without its values, which may be personal data."""
        return f"left(md5(concat_ws('|', {', '.join(self.keys)})), 16)"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check came out.

    Attributes:
        check: Which.
        scope: What it looked at.
        violations: How many keys contradict it.
        found: What was counted for these keys, together.
        expected: What should have been.
        keys: Hashes of the first of them, as `Check.key_expression` makes them.
    """

    check: Check
    scope: Scope
    violations: int = 0
    found: int = 0
    expected: int = 0
    keys: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether the fact holds."""
        return self.violations == 0

    @property
    def sentence(self) -> str:
        """What was found, for a person: counts and hashes, never a value."""
        if self.passed:
            return f"Holds for {self.scope}."
        return (
            f"{self.check.name} does not hold for {self.violations} keys of {', '.join(self.check.keys)}"
            f" ({self.scope}): {self.found} where {self.expected} were expected; of the first of them"
            f" {self.check.key_expression} is {', '.join(self.keys)}."
        )
