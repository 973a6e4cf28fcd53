"""Text of messages, and the sections of the runbook that they link to."""

from pathlib import Path

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import Installation, compose
from cdp_etl.alerts.notification_state import TrackedFinding
from cdp_etl_tests.alerts.finding_examples import NOW, finding

ROOT = Path(__file__).parents[2]
INSTALLATION = Installation("cdp_etl production", "https://wiki.example/operations.md")


def tracked(one: Finding, *, is_resolved: bool = False) -> TrackedFinding:
    return TrackedFinding(one, NOW, is_resolved=is_resolved)


def test_a_message_says_what_happened_where_and_what_to_run_next() -> None:
    message = compose(
        INSTALLATION,
        [tracked(finding()), tracked(finding("marts", kind=FindingKind.MARTS_STALE), is_resolved=True)],
    )

    assert message.subject == "[cdp_etl production] 1 new, 1 resolved: dump refused, marts stale"
    assert message.text == (
        "Dump refused: sms-interaction 2026-03-01\n"
        "  part-1.csv: a quote is not closed.\n"
        "  entity: sms-interaction\n"
        "  dump date: 2026-03-01\n"
        "  next: cdp-etl landing check\n"
        "  what to do: https://wiki.example/operations.md#dump-refused\n"
        "\n"
        "Resolved: marts stale: marts\n"
    )


def test_many_findings_are_counted_and_long_texts_cut() -> None:
    message = compose(
        INSTALLATION, [tracked(finding(f"place {number}", description="x" * 5000)) for number in range(30)]
    )

    assert message.subject.startswith("[cdp_etl production] 30 new")
    assert "… and 10 more; `cdp-etl alerts check` lists all." in message.text
    assert len(message.text) < 20_000


def test_a_failed_run_comes_before_many_missing_dumps() -> None:
    missing = [tracked(finding(f"day {number}", kind=FindingKind.DUMP_MISSING)) for number in range(40)]

    message = compose(INSTALLATION, [*missing, tracked(finding("marts", kind=FindingKind.RUN_FAILED))])

    assert message.text.startswith("Run failed: marts")
    assert message.subject.endswith("run failed, dump missing")


def test_every_kind_has_its_section_in_the_runbook() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    sections = {line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")}

    assert sections == {kind.heading for kind in FindingKind}
    assert [kind.anchor for kind in FindingKind] == [
        kind.heading.lower().replace(" ", "-") for kind in FindingKind
    ]
