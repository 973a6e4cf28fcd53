"""What people read: one message a round and receiver, about everything that is new to it.

Put here the words. Records' values cannot come in: a finding has none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cdp_etl.alerts.findings.finding import Finding, Kind
from cdp_etl.alerts.notification_state import Told

_MOST_FINDINGS = 20
_LONGEST_TEXT = 600


@dataclass(frozen=True, slots=True)
class Installation:
    """Which installation speaks, and where its readers find more.

    Attributes:
        name: Tells it from others that write to the same receiver.
        runbook: Where docs/operations.md is read; the kind's anchor is put behind it.
    """

    name: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Message:
    """A subject on one line, and a text of lines."""

    subject: str
    text: str


def compose(installation: Installation, told: Sequence[Told]) -> Message:
    """Put findings into one message, the worst first; beyond a bounded number they are only counted."""
    worst_first = list(Kind).index
    new = sorted((one.finding for one in told if not one.is_over), key=lambda finding: worst_first(finding.kind))
    over = [one.finding for one in told if one.is_over]
    counts = [f"{len(new)} new"] * bool(new) + [f"{len(over)} over"] * bool(over)
    kinds = ", ".join(dict.fromkeys(finding.kind.value for finding in (*new, *over)))
    lines = [
        *_new(installation, new[:_MOST_FINDINGS]),
        *_more(new),
        *(f"Over: {finding.key}" for finding in over[:_MOST_FINDINGS]),
        *_more(over),
    ]
    return Message(f"[{installation.name}] {', '.join(counts)}: {kinds}", "\n".join(lines).strip() + "\n")


def trial_message(installation: Installation) -> Message:
    """Give the message of `cdp-etl alerts test`."""
    return Message(
        f"[{installation.name}] test",
        "This is a test by `cdp-etl alerts test`. Alerts of this installation reach you.\n",
    )


def _new(installation: Installation, findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.kind.heading}: {finding.place}"
        yield from (f"  {line}" for line in _shortened(finding.what).splitlines())
        yield from (f"  {name}: {value}" for name, value in finding.where.items())
        yield f"  next: {finding.command}"
        yield f"  what to do: {installation.runbook}#{finding.kind.anchor}"
        yield ""


def _more(findings: Sequence[Finding]) -> list[str]:
    left = len(findings) - _MOST_FINDINGS
    return [f"… and {left} more; `cdp-etl alerts check` lists all.", ""] if left > 0 else []


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rstrip() + " …"


@dataclass(frozen=True, slots=True)
class RunLinks:
    """Links into the Dagster UI; `base` is its address as people reach it, empty where none is set."""

    base: str

    def where(self, run_id: str | None) -> dict[str, str]:
        """Give the run, by its link where there is one."""
        if run_id is None:
            return {}
        return {"run": f"{self.base.rstrip('/')}/runs/{run_id}" if self.base else run_id}
