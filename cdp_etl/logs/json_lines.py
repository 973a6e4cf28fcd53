"""Log lines as JSON objects.

For an unexpected error the line has type and location only, because the error's text may quote a record's values.
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
"""Attribute that Dagster's log manager adds to a log record."""

_FROM_DAGSTER = {"run_id": "run_id", "job_name": "job", "step_key": "step"}


class JsonFormatter(logging.Formatter):
    """Format a record with time, level, logger, message, context fields and the record's own `fields`, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
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
            line["error"] = _error(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _dagster_fields(record: logging.LogRecord) -> Mapping[str, str]:
    meta: Mapping[str, Any] = getattr(record, _DAGSTER, None) or {}
    return {ours: meta[theirs] for theirs, ours in _FROM_DAGSTER.items() if meta.get(theirs)}


def _error(error: BaseException, trace: TracebackType | None) -> Mapping[str, Any]:
    fields: dict[str, Any] = {"kind": type(error).__name__, "at": traceback_locations(trace)}
    return fields | {"text": str(error)} if isinstance(error, CdpEtlError) else fields


def traceback_locations(trace: TracebackType | None) -> list[str]:
    """Return module, line and function of each frame, innermost last, without source text."""
    frames = traceback.extract_tb(trace)
    return [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _module(filename: str) -> str:
    """Return a file's path within its package: the path of the installation is irrelevant and differs by host."""
    for root in ("site-packages/", "cdp_etl/"):
        _, separator, inner = filename.rpartition(root)
        if separator:
            return inner if root == "site-packages/" else f"{root}{inner}"
    return filename.rpartition("/")[2]
