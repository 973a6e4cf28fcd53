"""Model of a check of a mart, its result, and the error if it fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cdp_etl.marts.errors import MartError

CheckScope = Literal["affected keys", "all rows"]

REBUILD_HINT = (
    "The next run rebuilds the mart before anything is published. To rebuild it and its upstream marts now, run"
    " `cdp-etl marts rebuild --all`."
)
"""Consequence of a failed check, for the operator."""


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant of a mart; nothing of the mart is published while the check fails.

    Attributes:
        name: Name of the check.
        mart: Name of the mart.
        description: Meaning of the check, for a person.
        keys: Columns that identify a violation.
        full_sql: SELECT of the violations over all rows: the columns of `keys`, `found` and `expected`.
        incremental_sql: The same for the keys that a run affected. It reads the temporary tables of the refresh
            scope and of `change_counts.py`. None if the check can only run over all rows.
        shown_key: SQL of a violation for a person, if it holds nothing of a record; None: a hash of the keys.
    """

    name: str
    mart: str
    description: str
    keys: tuple[str, ...]
    full_sql: str
    incremental_sql: str | None = None
    shown_key: str | None = None

    @property
    def key_expression(self) -> str:
        """SQL of how a violation is shown: by `shown_key`, else by a hash, because a key may be personal data."""
        return self.shown_key or f"left(md5(concat_ws('|', {', '.join(self.keys)})), 16)"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of a check.

    Attributes:
        check: The check.
        scope: Rows that were checked.
        violations: Number of keys that violate it.
        found: Sum of the counts found for these keys.
        expected: Sum of the counts expected for them.
        keys: The first of them, by `Check.key_expression`.
    """

    check: Check
    scope: CheckScope
    violations: int = 0
    found: int = 0
    expected: int = 0
    keys: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """True if no key violates the check."""
        return self.violations == 0

    @property
    def sentence(self) -> str:
        """Result for a person: counts and hashes, never a value."""
        if self.passed:
            return f"Passed for {self.scope}."
        if self.check.shown_key:
            return f"{self.check.name} failed ({self.scope}): {', '.join(self.keys)}."
        return (
            f"{self.check.name} failed for {self.violations} keys of {', '.join(self.check.keys)} ({self.scope}):"
            f" found {self.found}, expected {self.expected}. Of the first keys, {self.check.key_expression} is"
            f" {', '.join(self.keys)}."
        )


class MartCheckError(MartError):
    """A check failed on the result of a mart run; the run was rolled back and nothing of it is published.

    Attributes:
        mart: Name of the mart.
        results: Results of all checks of the run.
    """

    def __init__(self, mart: str, results: Sequence[CheckResult]) -> None:
        self.mart = mart
        self.results = results
        failed = " ".join(result.sentence for result in results if not result.passed)
        super().__init__(
            f"The run of the mart {mart} was rolled back, and the snapshot is unchanged: {failed} {REBUILD_HINT}"
        )
