"""Where the lines of this package go: to standard error, in the form that the settings say."""

import logging
import sys
from typing import Literal

from cdp_etl.logs.json_lines import JsonFormatter

_OURS = "cdp_etl"
_TEXT = "%(asctime)s %(levelname)s %(message)s"


def configure_logs(form: Literal["text", "json"], level: str) -> None:
    """Write this package's lines to standard error; calling it again replaces what was set before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(_TEXT))
    logger = logging.getLogger(_OURS)
    logger.handlers[:] = [handler]
    logger.setLevel(level)


def writes_json() -> bool:
    """Tell whether lines are JSON in this process: then nothing else may stand among them."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger(_OURS).handlers)
