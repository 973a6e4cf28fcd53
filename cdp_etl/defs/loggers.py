"""How the lines of a run's own log look where the settings ask for JSON.

Put here Dagster's side of it. What a line holds stands in `cdp_etl.logs`.
"""

import logging
import sys

import dagster as dg

from cdp_etl.logs import JsonLines

_LEVEL = "log_level"


@dg.logger(
    config_schema={
        _LEVEL: dg.Field(str, default_value="INFO", description="The least that is told."),
        "name": dg.Field(str, default_value="dagster", description="The logger's name."),
    },
    description="One JSON object a line, on standard error.",
)
def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """Give the logger that takes the place of Dagster's coloured console."""
    config = context.logger_config
    logger = logging.Logger(config["name"], level=config[_LEVEL])  # noqa: LOG001 - of this run alone, as Dagster's
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    return logger
