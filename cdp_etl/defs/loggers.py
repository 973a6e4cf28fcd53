"""How the lines of a run's own log look where the settings ask for JSON.

Put here Dagster's side of it. What a line holds stands in `cdp_etl.logs`.
"""

import logging
import sys
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.execution import context_creation_job

from cdp_etl.logs import JsonLines

_LEVEL = "log_level"


@dg.logger(config_schema={_LEVEL: str}, description="One JSON object a line, on standard error.")
def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """Give the logger that takes the place of Dagster's coloured console."""
    logger = logging.Logger("dagster", level=context.logger_config[_LEVEL])  # noqa: LOG001 - of one run, as Dagster's
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    return logger


def write_runs_as_json(level: str) -> None:
    """Make runs of this process whose configuration names no logger write JSON.

    Dagster heeds the loggers of its definitions only where a run's own configuration names them, which no run of a
    schedule, of a sensor or of the UI does. Its release is pinned, and a test holds this to work.
    """

    def default_system_loggers(
        instance: dg.DagsterInstance | None,  # noqa: ARG001 - Dagster hands it in
    ) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
        return [(json_console, {_LEVEL: level})]

    # It has no public name.
    context_creation_job.default_system_loggers = default_system_loggers  # type: ignore[attr-defined]
