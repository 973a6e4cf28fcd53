"""Configuration of the package's logger: standard error, as text or JSON."""

import logging
import sys
from typing import Literal

from cdp_etl.logs.json_lines import JsonFormatter

_OURS = "cdp_etl"
_TEXT = "%(asctime)s %(levelname)s %(message)s"


def configure_logs(form: Literal["text", "json"], level: str) -> None:
    """Log this package's lines to standard error. A second call replaces the configuration of the first."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(_TEXT))
    logger = logging.getLogger(_OURS)
    logger.handlers[:] = [handler]
    logger.setLevel(level)


def writes_json() -> bool:
    """Return whether this process logs JSON. If so, it must print nothing else between the lines."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger(_OURS).handlers)
