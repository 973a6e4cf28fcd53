"""Notification state: each finding is sent once, until it changes or is resolved, whatever delivery fails."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.notification_state import MAX_DISPATCHES, NotificationState, read_state, write_state
from cdp_etl_tests.alerts.finding_examples import NOW, finding

ALL = frozenset(FindingKind)
MINUTE = timedelta(minutes=1)
FIRST_RELEASE = Path(__file__).with_name("memory_of_0_1_0.json")
"""The file as release 0.1.0 wrote it."""


def due(state: NotificationState, channel: str = "webhook", minutes: float = 0) -> list[tuple[str, bool]]:
    """Return subject and resolution of each finding that is due."""
    return [(one.finding.subject, one.is_resolved) for one in state.due(channel, NOW + minutes * MINUTE)]


def sent(
    state: NotificationState, channel: str = "webhook", *, is_delivered: bool = True, minutes: float = 0
) -> NotificationState:
    """Send a channel all that is due."""
    now = NOW + minutes * MINUTE
    keys = [one.finding.key for one in state.due(channel, now)]
    return state.with_delivery(channel, keys, is_delivered=is_delivered, now=now)


def found(*findings: Finding, before: NotificationState | None = None, minutes: float = 0) -> NotificationState:
    """Return the state after an evaluation of all kinds."""
    return (before or NotificationState()).with_findings(findings, ALL, NOW + minutes * MINUTE)


def test_a_finding_is_sent_once() -> None:
    first = found(finding())
    later = found(finding(), before=sent(first), minutes=60)

    assert due(first) == [("sms-interaction 2026-03-01", False)]
    assert due(later, minutes=60) == []


def test_a_finding_that_changed_is_sent_again() -> None:
    later = found(finding(fingerprint="b"), before=sent(found(finding())))

    assert due(later) == [("sms-interaction 2026-03-01", False)]


def test_a_channel_that_received_a_finding_is_notified_once_that_it_is_resolved() -> None:
    resolved = found(before=sent(found(finding())))
    after = sent(resolved).without_resolved(["webhook"])

    assert due(resolved) == [("sms-interaction 2026-03-01", True)]
    assert after.findings == {}


def test_a_channel_that_never_received_a_finding_is_not_notified_that_it_is_resolved() -> None:
    resolved = found(before=sent(found(finding())))
    never_sent = found(before=found(finding()))

    assert due(resolved, "smtp") == []
    assert never_sent.findings == {}


def test_a_finding_that_recurs_is_sent_again() -> None:
    again = found(finding(), before=found(before=sent(found(finding()))))

    assert due(again) == [("sms-interaction 2026-03-01", False)]


def test_a_finding_of_a_kind_that_was_not_evaluated_is_not_resolved() -> None:
    """While the warehouse is locked nothing is known of dumps, so their findings stay open."""
    later = sent(found(finding())).with_findings([], {FindingKind.RUN_FAILED}, NOW)

    assert due(later) == []
    assert len(later.findings) == 1


def test_a_finding_that_may_pass_is_sent_when_it_lasts() -> None:
    patient = finding(notify_after=15 * MINUTE)
    first = found(patient)

    assert due(first, minutes=14) == []
    assert due(found(patient, before=first, minutes=15), minutes=15) == [(patient.subject, False)]


def test_a_message_that_is_not_accepted_is_sent_again_with_growing_waits_and_then_given_up() -> None:
    state = found(finding())
    tried = []
    for minute in range(200):
        if due(state, minutes=minute):
            tried.append(minute)
            state = sent(state, is_delivered=False, minutes=minute)

    assert tried == [0, 1, 3, 7, 15, 31]
    assert len(tried) == MAX_DISPATCHES
    assert state.counts == {"webhook failed": MAX_DISPATCHES - 1, "webhook given up": 1}


def test_a_channel_that_fails_does_not_affect_the_other() -> None:
    state = sent(sent(found(finding()), "smtp"), "webhook", is_delivered=False)

    assert (due(state, "smtp", minutes=5), due(state, "webhook", minutes=5)) == (
        [],
        [("sms-interaction 2026-03-01", False)],
    )


def test_messages_are_counted_by_channel_and_outcome_also_if_a_name_has_a_space() -> None:
    state = NotificationState(counts={"webhook delivered": 2, "tgram 1 given up": 1, "tgram 1 failed": 5})

    assert list(state.message_counts()) == [
        ("webhook", "delivered", 2),
        ("tgram 1", "given up", 1),
        ("tgram 1", "failed", 5),
    ]


def test_the_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = sent(found(finding(notify_after=MINUTE), finding("other")), is_delivered=False)

    write_state(tmp_path, state)

    assert read_state(tmp_path) == state


def test_the_file_keeps_the_keys_of_the_first_release(tmp_path: Path) -> None:
    written = FIRST_RELEASE.read_bytes()
    (tmp_path / "memory.json").write_bytes(written)

    state = read_state(tmp_path)
    write_state(tmp_path, state)

    assert state == sent(found(finding()))
    assert json.loads((tmp_path / "memory.json").read_bytes()) == json.loads(written)


def test_a_corrupt_file_is_an_empty_state(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text('{"counts": ')

    assert read_state(tmp_path) == NotificationState()


evaluations = st.lists(
    st.dictionaries(st.sampled_from(["p", "q", "r"]), st.sampled_from(["a", "b"]), max_size=3), max_size=12
)


@given(evaluations)
def test_a_channel_receives_every_change_and_nothing_twice_in_a_row(evaluated: Iterable[dict[str, str]]) -> None:
    """After each dispatch, what an available channel received equals what is found."""
    state = NotificationState()
    received: dict[str, str] = {}
    for present in evaluated:
        state = found(*(finding(subject, fingerprint=value) for subject, value in present.items()), before=state)
        for one in state.due("webhook", NOW):
            if one.is_resolved:
                del received[one.finding.subject]
            else:
                assert received.get(one.finding.subject) != one.finding.fingerprint
                received[one.finding.subject] = one.finding.fingerprint
        state = sent(state).without_resolved(["webhook"])

        assert received == present
