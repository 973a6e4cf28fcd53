"""A stage of a dump or a mart: its log line and its duration.

Put here what is told of every stage that came to its end. One that did not is told by its error.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from cdp_etl.logs import log_context
from cdp_etl.settings import Settings

_logger = logging.getLogger(__name__)

Figures = dict[str, Any]
"""What a stage adds to its line: counts, no values of records."""


@contextmanager
def stage(settings: Settings, name: str, of: str, dump_date: date | None = None) -> Iterator[Figures]:
    """Time a stage; what the block puts into the figures stands in its line.

    Args:
        settings: Where durations are kept.
        name: pull, normalize, load, mart, publish, report.
        of: The entity or the mart; the stage's own name where it is of all.
        dump_date: The day; None where it is of no single one.
    """
    figures: Figures = {}
    with log_context(stage=name, entity=of, dump_date=None if dump_date is None else dump_date.isoformat()):
        began = time.perf_counter()
        yield figures
        seconds = time.perf_counter() - began
        settings.observations.stage_took(name, of, seconds)
        _logger.info("%s done", name, extra={"fields": {**figures, "seconds": round(seconds, 3)}})
