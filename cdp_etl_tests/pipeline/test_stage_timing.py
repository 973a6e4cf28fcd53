"""Timing of a stage: its log line and its stored duration."""

import logging

import pytest

from cdp_etl.pipeline.stage_timing import timed_stage
from cdp_etl_tests.pipeline.dumps import DAY, DumpPipeline


def test_a_stage_logs_its_fields_and_stores_its_duration(
    pipeline: DumpPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        timed_stage(pipeline.settings, "pull", "sms-interaction", DAY) as log_fields,
    ):
        log_fields["files"] = 3

    (line,) = caplog.records
    durations = pipeline.settings.durations.stage_durations()
    assert line.getMessage() == "pull done"
    assert vars(line)["fields"]["files"] == 3
    assert vars(line)["fields"]["seconds"] >= 0
    assert durations["pull", "sms-interaction"].count == 1


def test_a_failed_stage_is_neither_logged_nor_stored(
    pipeline: DumpPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(ZeroDivisionError),
        timed_stage(pipeline.settings, "pull", "sms-interaction", DAY),
    ):
        raise ZeroDivisionError

    assert caplog.records == []
    assert pipeline.settings.durations.stage_durations() == {}
