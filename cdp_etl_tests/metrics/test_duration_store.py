"""Durations are summed over processes, and a failed write is only logged."""

import logging
from multiprocessing import get_context
from pathlib import Path

import pytest

from cdp_etl.metrics import DurationStore


def _add(path: Path) -> None:
    for _ in range(20):
        DurationStore(path).add_stage("pull", "sms-interaction", 0.5)


@pytest.mark.full
def test_processes_add_to_the_same_durations(tmp_path: Path) -> None:
    path = tmp_path / "metrics" / "durations.sqlite"
    processes = [get_context("spawn").Process(target=_add, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    (key, pulled), *others = DurationStore(path).stage_durations().items()

    assert (key, pulled.count, pulled.sum, pulled.last) == (("pull", "sms-interaction"), 60, 30.0, 0.5)
    assert others == []


def test_waits_for_the_lock_are_not_a_stage(tmp_path: Path) -> None:
    durations = DurationStore(tmp_path / "durations.sqlite")
    durations.add_lock_wait(2.0)

    assert durations.lock_waits().sum == 2.0
    assert durations.stage_durations() == {}


def test_an_empty_store_has_no_durations_and_no_file(tmp_path: Path) -> None:
    durations = DurationStore(tmp_path / "durations.sqlite")

    assert (durations.stage_durations(), durations.lock_waits().count) == ({}, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_duration_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "metrics").write_text("a file instead of a folder")

    with caplog.at_level(logging.WARNING):
        DurationStore(tmp_path / "metrics" / "durations.sqlite").add_stage("pull", "sms-interaction", 1)

    assert caplog.messages == ["The duration of pull was not recorded (FileExistsError)."]
