"""Dispatch to a real webhook: each finding once, also by another process; failures are retried, then given up."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import SecretStr

from cdp_etl.alerts.channels.webhook import WebhookChannel
from cdp_etl.alerts.dispatch import DeliveryResult, FindingsSnapshot, dispatch
from cdp_etl.alerts.errors import AlertsBusyError
from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.alerts.message import Installation
from cdp_etl.alerts.notification_state import MAX_DISPATCHES, NotificationState, read_state
from cdp_etl_tests.alerts.finding_examples import NOW, finding
from cdp_etl_tests.alerts.servers import webhook

INSTALLATION = Installation("cdp_etl", "docs/operations.md")


def dispatched(folder: Path, url: str, *findings: Finding, now: datetime = NOW) -> list[DeliveryResult]:
    """Dispatch with these findings."""

    def evaluate(_state: NotificationState) -> FindingsSnapshot:
        return FindingsSnapshot(findings, frozenset(FindingKind))

    return dispatch(folder, INSTALLATION, [WebhookChannel(SecretStr(url))], evaluate, now)


def test_a_finding_and_its_resolution_are_sent_once_each(tmp_path: Path) -> None:
    with webhook() as server:
        results = [dispatched(tmp_path, server.url, *found) for found in ([finding()], [finding()], [], [])]

    assert [[one.findings for one in result] for result in results] == [[1], [], [1], []]
    assert [post["text"].split("\n")[0] for post in server.posted] == [
        "*[cdp_etl] 1 new: dump refused*",
        "*[cdp_etl] 1 resolved: dump refused*",
    ]
    assert read_state(tmp_path).findings == {}


def test_a_message_that_was_not_accepted_is_sent_when_the_channel_is_back(tmp_path: Path) -> None:
    with webhook(404, 200) as server:
        first = dispatched(tmp_path, server.url, finding())
        later = dispatched(tmp_path, server.url, finding(), now=NOW + timedelta(minutes=1))

    assert [one.error for one in (*first, *later)] == ["webhook: 127.0.0.1 answers 404.", None]
    assert len(server.posted) == 1


def test_a_message_that_is_never_accepted_is_given_up_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    with webhook(404) as server:
        for hour in range(MAX_DISPATCHES + 3):
            dispatched(tmp_path, server.url, finding(), now=NOW + timedelta(hours=hour))

    assert server.requests == MAX_DISPATCHES
    assert [record.getMessage() for record in caplog.records] == [
        f"Given up after {MAX_DISPATCHES} dispatches, webhook was not notified of: {finding().key}"
    ]


def test_only_one_process_dispatches_at_a_time(tmp_path: Path) -> None:
    with webhook() as server, FileLock(tmp_path / "memory.lock"), pytest.raises(AlertsBusyError):
        dispatched(tmp_path, server.url, finding())

    assert server.requests == 0
