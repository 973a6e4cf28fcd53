"""A line of the log as a JSON object.

Put here what a line holds. Of an error that nobody foresaw it tells the kind and where it arose, not the text,
which may quote a record's values.
"""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from cdp_etl.errors import CdpEtlError
from cdp_etl.logs.context import current_fields

_DAGSTER = "dagster_meta"
"""What Dagster's own log manager puts onto a record."""

_FROM_DAGSTER = {"run_id": "run_id", "job_name": "job", "step_key": "step"}


class JsonFormatter(logging.Formatter):
    """Gives time, level, logger, message, what the line is about, and `fields` of the record where it has any."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_dagster_fields(record),
            **current_fields(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _told(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _dagster_fields(record: logging.LogRecord) -> Mapping[str, str]:
    said: Mapping[str, Any] = getattr(record, _DAGSTER, None) or {}
    return {ours: said[theirs] for theirs, ours in _FROM_DAGSTER.items() if said.get(theirs)}


def _told(error: BaseException, trace: TracebackType | None) -> Mapping[str, Any]:
    told: dict[str, Any] = {"kind": type(error).__name__, "at": traceback_locations(trace)}
    return told | {"text": str(error)} if isinstance(error, CdpEtlError) else told


def traceback_locations(trace: TracebackType | None) -> list[str]:
    """Give where an error arose, the innermost last: module, line and function, without any text."""
    frames = traceback.extract_tb(trace)
    return [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _module(filename: str) -> str:
    """Give a file by its path within the packages: where they are installed says nothing of the fault."""
    for root in ("site-packages/", "cdp_etl/"):
        _, separator, inner = filename.rpartition(root)
        if separator:
            return inner if root == "site-packages/" else f"{root}{inner}"
    return filename.rpartition("/")[2]
