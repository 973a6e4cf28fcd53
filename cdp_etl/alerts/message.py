"""Text of alerts: one message for each dispatch and channel, with everything new to that channel.

Values of records cannot appear: a finding holds none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.notification_state import TrackedFinding

_MAX_FINDINGS = 20
_MAX_CHARACTERS = 600

NO_CHANNEL = (
    "No alert channel is configured. Set CDP_ETL_ALERT_WEBHOOK_URL, CDP_ETL_ALERT_SMTP_HOST or CDP_ETL_ALERT_URLS."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation that sends alerts.

    Attributes:
        name: Distinguishes it from others that send to the same channel.
        runbook: Path or URL of docs/operations.md; the anchor of the finding's kind is appended.
    """

    name: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Message:
    """A subject of one line, and a text of several."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class RunLinks:
    """Links into the Dagster UI. `base` is its address in people's browsers, or empty if it is not set."""

    base: str

    def details(self, run_id: str | None) -> dict[str, str]:
        """Return the run as a detail of a finding: its link if `base` is set, otherwise its id."""
        if run_id is None:
            return {}
        return {"run": f"{self.base.rstrip('/')}/runs/{run_id}" if self.base else run_id}


def compose(installation: Installation, tracked: Sequence[TrackedFinding]) -> Message:
    """Return one message about all findings, worst kind first. Findings beyond a limit are only counted."""
    severity = list(FindingKind).index
    new = sorted((one.finding for one in tracked if not one.is_resolved), key=lambda one: severity(one.kind))
    resolved = [one.finding for one in tracked if one.is_resolved]
    counts = [f"{len(new)} new"] * bool(new) + [f"{len(resolved)} resolved"] * bool(resolved)
    kinds = ", ".join(dict.fromkeys(finding.kind.value for finding in (*new, *resolved)))
    lines = [
        *_new(installation, new[:_MAX_FINDINGS]),
        *_more(new),
        *(f"Resolved: {finding.key}" for finding in resolved[:_MAX_FINDINGS]),
        *_more(resolved),
    ]
    return Message(f"[{installation.name}] {', '.join(counts)}: {kinds}", "\n".join(lines).strip() + "\n")


def trial_message(installation: Installation) -> Message:
    """Return the message of `cdp-etl alerts test`."""
    return Message(
        f"[{installation.name}] test",
        "This is a test by `cdp-etl alerts test`. Alerts of this installation reach you.\n",
    )


def _new(installation: Installation, findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.kind.heading}: {finding.subject}"
        yield from (f"  {line}" for line in _shortened(finding.description).splitlines())
        yield from (f"  {name}: {value}" for name, value in finding.details.items())
        yield f"  next: {finding.command}"
        yield f"  what to do: {installation.runbook}#{finding.kind.anchor}"
        yield ""


def _more(findings: Sequence[Finding]) -> list[str]:
    omitted = len(findings) - _MAX_FINDINGS
    return [f"… and {omitted} more; `cdp-etl alerts check` lists all.", ""] if omitted > 0 else []


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS].rstrip() + " …"
