"""What was told to whom: once, until it changes or is over, however often it is looked at and whatever fails."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.alerts import Finding, Kind, Memory, read_memory
from cdp_etl.alerts.notification_state import MOST_ROUNDS, write_memory
from cdp_etl_tests.alerts.finding_examples import NOW, finding

ALL = frozenset(Kind)
MINUTE = timedelta(minutes=1)


def due(memory: Memory, receiver: str = "webhook", minutes: float = 0) -> list[tuple[str, bool]]:
    """Give what a receiver is to be told: the place, and whether it is that it is over."""
    return [(told.finding.place, told.is_over) for told in memory.due(receiver, NOW + minutes * MINUTE)]


def told(memory: Memory, receiver: str = "webhook", *, is_taken: bool = True, minutes: float = 0) -> Memory:
    """Tell a receiver all that is due."""
    now = NOW + minutes * MINUTE
    keys = [one.finding.key for one in memory.due(receiver, now)]
    return memory.after(receiver, keys, is_taken=is_taken, now=now)


def test_a_finding_is_told_once() -> None:
    first = Memory().seen([finding()], ALL, NOW)
    later = told(first).seen([finding()], ALL, NOW + 60 * MINUTE)

    assert due(first) == [("sms-interaction 2026-03-01", False)]
    assert due(later, minutes=60) == []


def test_a_finding_that_changed_is_told_again() -> None:
    later = told(Memory().seen([finding()], ALL, NOW)).seen([finding(state="b")], ALL, NOW)

    assert due(later) == [("sms-interaction 2026-03-01", False)]


def test_who_was_told_of_a_finding_hears_once_that_it_is_over() -> None:
    over = told(Memory().seen([finding()], ALL, NOW)).seen([], ALL, NOW)
    after = told(over).without_what_is_over(["webhook"])

    assert due(over) == [("sms-interaction 2026-03-01", True)]
    assert after.told == {}


def test_who_never_heard_of_a_finding_need_not_hear_that_it_is_over() -> None:
    over = told(Memory().seen([finding()], ALL, NOW)).seen([], ALL, NOW)
    untold = Memory().seen([finding()], ALL, NOW).seen([], ALL, NOW)

    assert due(over, "smtp") == []
    assert untold.told == {}


def test_a_finding_that_comes_back_is_news() -> None:
    back = told(Memory().seen([finding()], ALL, NOW)).seen([], ALL, NOW).seen([finding()], ALL, NOW)

    assert due(back) == [("sms-interaction 2026-03-01", False)]


def test_what_was_not_looked_at_is_not_over() -> None:
    """Where the warehouse is held nothing is known of dumps: that is no reason to say that all is well."""
    later = told(Memory().seen([finding()], ALL, NOW)).seen([], {Kind.RUN_FAILED}, NOW)

    assert due(later) == []
    assert len(later.told) == 1


def test_what_may_pass_by_itself_is_told_when_it_has_not() -> None:
    patient = finding(patience=15 * MINUTE)
    first = Memory().seen([patient], ALL, NOW)

    assert due(first, minutes=14) == []
    assert due(first.seen([patient], ALL, NOW + 15 * MINUTE), minutes=15) == [(patient.place, False)]


def test_a_message_that_is_not_taken_is_tried_at_the_next_ticks_ever_later_and_given_up() -> None:
    memory = Memory().seen([finding()], ALL, NOW)
    tried = []
    for minute in range(200):
        if due(memory, minutes=minute):
            tried.append(minute)
            memory = told(memory, is_taken=False, minutes=minute)

    assert tried == [0, 1, 3, 7, 15, 31]
    assert len(tried) == MOST_ROUNDS
    assert memory.counts == {"webhook failed": MOST_ROUNDS - 1, "webhook given up": 1}


def test_one_receiver_that_fails_is_no_matter_of_the_other() -> None:
    memory = told(told(Memory().seen([finding()], ALL, NOW), "smtp"), "webhook", is_taken=False)

    assert (due(memory, "smtp", minutes=5), due(memory, "webhook", minutes=5)) == (
        [],
        [("sms-interaction 2026-03-01", False)],
    )


def test_the_memory_outlives_its_process(tmp_path: Path) -> None:
    memory = told(Memory().seen([finding(patience=MINUTE), finding("other")], ALL, NOW), is_taken=False)

    write_memory(tmp_path, memory)

    assert read_memory(tmp_path) == memory


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text('{"told": ')

    assert read_memory(tmp_path) == Memory()


states = st.lists(
    st.dictionaries(st.sampled_from(["p", "q", "r"]), st.sampled_from(["a", "b"]), max_size=3), max_size=12
)


@given(states)
def test_nobody_is_told_the_same_twice_in_a_row_nor_left_without_news(rounds: Iterable[dict[str, str]]) -> None:
    """What a receiver that takes everything believes after each round is what is so."""
    memory = Memory()
    believed: dict[str, str] = {}
    for present in rounds:
        found: list[Finding] = [finding(place, state=state) for place, state in present.items()]
        memory = memory.seen(found, ALL, NOW)
        for one in memory.due("webhook", NOW):
            if one.is_over:
                del believed[one.finding.place]
            else:
                assert believed.get(one.finding.place) != one.finding.state
                believed[one.finding.place] = one.finding.state
        memory = told(memory).without_what_is_over(["webhook"])

        assert believed == present
