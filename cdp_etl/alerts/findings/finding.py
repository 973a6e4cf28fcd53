"""A finding: one thing that is wrong now, with what to do next.

The aliases are keys of the file of `notification_state.py`; they stay as they were first written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field


class FindingKind(StrEnum):
    """Kinds of findings, worst first. Each has a section of its name in docs/operations.md."""

    DATA_DAMAGED = "data damaged"
    CHECK_FAILED = "check failed"
    WAREHOUSE_HELD = "warehouse held"
    RUN_FAILED = "run failed"
    MARTS_STALE = "marts stale"
    DUMP_REFUSED = "dump refused"
    DUMP_NOT_LOADED = "dump not loaded"
    DUMP_MISSING = "dump missing"
    CONSENT_WITHDRAWN = "consent withdrawn"

    @property
    def heading(self) -> str:
        """The kind as a heading."""
        return self.value.capitalize()

    @property
    def anchor(self) -> str:
        """Anchor of the kind's section in docs/operations.md."""
        return self.value.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong now.

    Attributes:
        kind: What is wrong.
        subject: What it is about, in a few words; unique within its kind.
        description: What happened, in sentences, without values of records.
        details: Entity, dump date, job, run and so on, by label.
        command: The command to run next.
        fingerprint: As long as it is unchanged, the finding counts as the same and is not sent again.
        notify_after: Age from which it is sent, for faults that usually pass without help.
    """

    kind: FindingKind
    subject: Annotated[str, Field(alias="place")]
    description: Annotated[str, Field(alias="what")]
    details: Annotated[Mapping[str, str], Field(alias="where")]
    command: str
    fingerprint: Annotated[str, Field(alias="state")]
    notify_after: Annotated[timedelta, Field(alias="patience")] = field(default=timedelta(0))

    @property
    def key(self) -> str:
        """Identifies the finding for as long as it lasts."""
        return f"{self.kind.value}: {self.subject}"
