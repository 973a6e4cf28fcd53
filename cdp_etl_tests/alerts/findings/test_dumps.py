"""Findings about dumps, from ledger and calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cdp_etl.alerts.findings.dumps import dump_findings
from cdp_etl.alerts.findings.expectation import Deadline, Expectation
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import RunLinks
from cdp_etl.contract.delivery_calendar import DeliveryCalendar
from cdp_etl.entities import BY_NAME
from cdp_etl_tests.alerts.finding_examples import NOW, ledger

SMS = BY_NAME["sms-interaction"]
FIRST = date(2026, 3, 1)
NOTHING_LOADED: dict[str, Any] = {"loaded_load_id": None, "loaded_load_seq": None, "loaded_finished_at": None}


def expected(
    hours: float = 36, calendar: DeliveryCalendar | None = None, timezone: str = "UTC", first: date = FIRST
) -> Expectation:
    """Expect an SMS dump a day."""
    deadline = Deadline(SMS, calendar or DeliveryCalendar(), timedelta(hours=hours))
    return Expectation((deadline,), first, lookback_days=7, timezone=timezone)


def found(*rows: dict[str, Any], expectation: Expectation | None = None, now: datetime = NOW) -> list[Finding]:
    """Return the findings of a ledger. By default no dump is expected."""
    expectation = expectation or expected(first=date(2027, 1, 1))
    return list(dump_findings(ledger(*rows), expectation, RunLinks("https://dagster.example/"), now))


def missing(*rows: dict[str, Any], expectation: Expectation, now: datetime) -> list[str]:
    """Return the subjects of missing dumps."""
    return [
        one.subject
        for one in found(*rows, expectation=expectation, now=now)
        if one.kind is FindingKind.DUMP_MISSING
    ]


@pytest.mark.parametrize("status", ["loaded", "unchanged"])
def test_a_loaded_dump_is_no_finding(status: str) -> None:
    assert found({"status": status}) == []


def test_a_dump_refused_for_its_records_names_the_command_that_lists_them() -> None:
    (one,) = found({"status": "refused", "reason": "60 of 100 records are quarantined.", **NOTHING_LOADED})

    assert (one.kind, one.subject, one.description) == (
        FindingKind.DUMP_REFUSED,
        "sms-interaction 2026-03-01",
        "60 of 100 records are quarantined.",
    )
    assert one.command == "cdp-etl quarantine list --entity sms-interaction --from 2026-03-01 --to 2026-03-01"
    assert dict(one.details) == {
        "entity": "sms-interaction",
        "dump date": "2026-03-01",
        "at": "2026-03-04 12:00 UTC",
        "run": "https://dagster.example/runs/run-1",
    }


def test_a_dump_refused_for_its_files_names_the_command_that_checks_the_zone() -> None:
    (one,) = found({"status": "refused", "reason": "part-1.csv: a lie.", "records_read": 0})

    assert one.command == "cdp-etl landing check --entity sms-interaction --date 2026-03-01"
    assert one.description == "part-1.csv: a lie. The earlier load of this dump stays in place."


def test_the_same_refusal_again_is_the_same_finding_and_another_reason_is_not() -> None:
    fingerprints = [
        found({"status": "refused", "reason": reason, "run_id": run, "records_read": 0})[0].fingerprint
        for reason, run in [("a", "1"), ("a", "2"), ("b", "3")]
    ]

    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_a_failed_load_waits_for_the_next_attempt_and_its_numbers_do_not_count() -> None:
    first, second = (
        found({"status": "failed", "reason": f"not complete yet: a.csv changed within {n} s."})[0] for n in (3, 9)
    )

    assert (first.kind, first.notify_after > timedelta(0)) == (FindingKind.DUMP_NOT_LOADED, True)
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    ("hours", "now", "days"),
    [
        pytest.param(36, datetime(2026, 3, 2, 11, 59, tzinfo=UTC), [], id="a minute before"),
        pytest.param(36, datetime(2026, 3, 2, 12, tzinfo=UTC), ["2026-03-01"], id="at the deadline"),
        pytest.param(8, datetime(2026, 3, 1, 8, tzinfo=UTC), ["2026-03-01"], id="on the day itself"),
        pytest.param(
            36, datetime(2026, 3, 3, 12, tzinfo=UTC), ["2026-03-01", "2026-03-02"], id="a day later, both"
        ),
    ],
)
def test_a_dump_is_missing_from_its_deadline_on(hours: float, now: datetime, days: list[str]) -> None:
    assert missing(expectation=expected(hours), now=now) == [f"sms-interaction {day}" for day in days]


def test_the_deadline_is_in_the_dump_time_zone() -> None:
    hanoi = expected(36, timezone="Asia/Ho_Chi_Minh")

    assert missing(expectation=hanoi, now=datetime(2026, 3, 2, 4, 59, tzinfo=UTC)) == []
    assert missing(expectation=hanoi, now=datetime(2026, 3, 2, 5, tzinfo=UTC)) == ["sms-interaction 2026-03-01"]


def test_days_without_a_delivery_and_days_before_the_lookback_are_not_missing() -> None:
    calendar = DeliveryCalendar(frozenset({"mon", "tue", "wed", "thu", "fri"}), frozenset({date(2026, 3, 3)}))
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)

    days = missing(expectation=expected(36, calendar), now=now)

    assert days == [f"sms-interaction 2026-03-{day:02}" for day in (4, 5, 6, 9)]


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        pytest.param(
            {"status": "missing", "reason": "No file.", **NOTHING_LOADED}, [FindingKind.DUMP_MISSING], id="missing"
        ),
        pytest.param(
            {"status": "failed", "reason": "No answer.", **NOTHING_LOADED},
            [FindingKind.DUMP_MISSING],
            id="failed",
        ),
        pytest.param(
            {"status": "refused", "reason": "A lie.", **NOTHING_LOADED},
            [FindingKind.DUMP_REFUSED],
            id="refused: it came",
        ),
        pytest.param({"status": "missing", "reason": "No file."}, [], id="an earlier load is in place"),
    ],
)
def test_a_dump_that_is_due_has_one_finding(row: dict[str, Any], kinds: list[FindingKind]) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert [one.kind for one in found(row, expectation=expected(), now=now)] == kinds
