"""Rounds against a real receiver: told once, also by another process; what is not taken waits and is given up."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import SecretStr

from cdp_etl.alerts import (
    AlertsBusyError,
    Finding,
    Installation,
    Kind,
    Memory,
    Round,
    Sent,
    WebhookReceiver,
    hold_round,
    read_memory,
)
from cdp_etl.alerts.notification_state import MOST_ROUNDS
from cdp_etl_tests.alerts.finding_examples import NOW, finding
from cdp_etl_tests.alerts.servers import webhook

HERE = Installation("cdp_etl", "docs/operations.md")


def hold(folder: Path, url: str, *findings: Finding, now: datetime = NOW) -> list[Sent]:
    """Hold a round in which these findings are there."""

    def look(_memory: Memory) -> Round:
        return Round(findings, frozenset(Kind))

    return hold_round(folder, HERE, [WebhookReceiver(SecretStr(url))], look, now)


def test_rounds_tell_of_a_finding_once_and_of_its_end(tmp_path: Path) -> None:
    with webhook() as server:
        rounds = [hold(tmp_path, server.url, *found) for found in ([finding()], [finding()], [], [])]

    assert [[one.findings for one in sent] for sent in rounds] == [[1], [], [1], []]
    assert [post["text"].split("\n")[0] for post in server.posted] == [
        "*[cdp_etl] 1 new: dump refused*",
        "*[cdp_etl] 1 over: dump refused*",
    ]
    assert read_memory(tmp_path).told == {}


def test_what_is_not_taken_is_told_when_the_receiver_is_back(tmp_path: Path) -> None:
    with webhook(404, 200) as server:
        first = hold(tmp_path, server.url, finding())
        later = hold(tmp_path, server.url, finding(), now=NOW + timedelta(minutes=1))

    assert [one.error for one in (*first, *later)] == ["webhook: 127.0.0.1 answers 404.", None]
    assert len(server.posted) == 1


def test_what_is_never_taken_is_given_up_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    with webhook(404) as server:
        for hour in range(MOST_ROUNDS + 3):
            hold(tmp_path, server.url, finding(), now=NOW + timedelta(hours=hour))

    assert server.requests == MOST_ROUNDS
    assert [record.getMessage() for record in caplog.records] == [
        f"Given up after {MOST_ROUNDS} rounds, webhook was not told of: dump refused: sms-interaction 2026-03-01"
    ]


def test_only_one_process_holds_a_round(tmp_path: Path) -> None:
    with webhook() as server, FileLock(tmp_path / "memory.lock"), pytest.raises(AlertsBusyError):
        hold(tmp_path, server.url, finding())

    assert server.requests == 0
