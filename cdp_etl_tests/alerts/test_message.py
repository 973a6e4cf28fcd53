"""The message as people read it, and the page that it points to."""

from pathlib import Path

from cdp_etl.alerts import Finding, Installation, Kind, Told, compose
from cdp_etl_tests.alerts.finding_examples import NOW, finding

ROOT = Path(__file__).parents[2]
HERE = Installation("cdp_etl production", "https://wiki.example/operations.md")


def told(one: Finding, *, is_over: bool = False) -> Told:
    return Told(one, NOW, is_over=is_over)


def test_a_message_says_what_happened_where_and_what_to_run_next() -> None:
    message = compose(HERE, [told(finding()), told(finding("marts", kind=Kind.MARTS_STALE), is_over=True)])

    assert message.subject == "[cdp_etl production] 1 new, 1 over: dump refused, marts stale"
    assert message.text == (
        "Dump refused: sms-interaction 2026-03-01\n"
        "  part-1.csv: a quote is not closed.\n"
        "  entity: sms-interaction\n"
        "  dump date: 2026-03-01\n"
        "  next: cdp-etl landing check\n"
        "  what to do: https://wiki.example/operations.md#dump-refused\n"
        "\n"
        "Over: marts stale: marts\n"
    )


def test_many_findings_are_counted_and_long_ones_cut() -> None:
    message = compose(HERE, [told(finding(f"place {number}", what="x" * 5000)) for number in range(30)])

    assert message.subject.startswith("[cdp_etl production] 30 new")
    assert "… and 10 more; `cdp-etl alerts check` lists all." in message.text
    assert len(message.text) < 20_000


def test_a_run_that_failed_is_not_lost_behind_many_dumps_that_are_missing() -> None:
    missing = [told(finding(f"day {number}", kind=Kind.DUMP_MISSING)) for number in range(40)]

    message = compose(HERE, [*missing, told(finding("marts", kind=Kind.RUN_FAILED))])

    assert message.text.startswith("Run failed: marts")
    assert message.subject.endswith("run failed, dump missing")


def test_every_kind_has_its_chapter_in_the_runbook() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    chapters = {line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")}

    assert chapters == {kind.heading for kind in Kind}
    assert [kind.anchor for kind in Kind] == [kind.heading.lower().replace(" ", "-") for kind in Kind]
