"""Timing of a pipeline stage: its log line and its stored duration."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from cdp_etl.logs import log_context
from cdp_etl.settings import Settings

_logger = logging.getLogger(__name__)

LogFields = dict[str, Any]
"""Fields that a stage adds to its log line: counts, never values of records."""


@contextmanager
def timed_stage(
    settings: Settings, stage: str, subject: str, dump_date: date | None = None
) -> Iterator[LogFields]:
    """Time the block, then log and store its duration. An exception is neither logged nor stored here.

    Args:
        settings: Settings of the installation; contain the store of durations.
        stage: One of pull, normalize, load, mart, publish, report.
        subject: Name of the entity or the mart; the stage itself if it concerns all of them.
        dump_date: The date; None if the stage concerns no single date.
    """
    fields: LogFields = {}
    with log_context(stage=stage, entity=subject, dump_date=None if dump_date is None else dump_date.isoformat()):
        started = time.perf_counter()
        yield fields
        seconds = time.perf_counter() - started
        settings.durations.add_stage(stage, subject, seconds)
        _logger.info("%s done", stage, extra={"fields": {**fields, "seconds": round(seconds, 3)}})
