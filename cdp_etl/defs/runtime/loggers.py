"""How the lines of Dagster's own loggers look where the settings ask for JSON.

Put here Dagster's side of it. What a line holds stands in `cdp_etl.logs`.
"""

import logging
import sys
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.definitions import instigation_logger
from dagster._core.execution import context_creation_job

from cdp_etl.logs import JsonLines

_LEVEL = "log_level"


@dg.logger(config_schema={_LEVEL: str}, description="One JSON object a line, on standard error.")
def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """Give the logger that takes the place of Dagster's coloured console."""
    return _console("dagster", context.logger_config[_LEVEL])


def write_runs_and_ticks_as_json(wanted: str) -> None:
    """Make runs of this process whose configuration names no logger write JSON, and sensors and schedules too.

    Dagster heeds the loggers of its definitions only where a run's own configuration names them, which no run of a
    schedule, of a sensor or of the UI does. Its release is pinned, and tests hold this to work.

    Args:
        wanted: The least level that is told.
    """

    def default_system_loggers(
        instance: dg.DagsterInstance | None,  # noqa: ARG001 - Dagster hands it in
    ) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
        return [(json_console, {_LEVEL: wanted})]

    def create_console_logger(name: str, level: str | int) -> logging.Logger:  # noqa: ARG001 - Dagster's, as above
        return _console(name, wanted)

    # Neither has a public name.
    context_creation_job.default_system_loggers = default_system_loggers  # type: ignore[attr-defined]
    instigation_logger.create_console_logger = create_console_logger  # type: ignore[attr-defined]


def _console(name: str, level: str) -> logging.Logger:
    logger = logging.Logger(name, level=level)  # noqa: LOG001 - of one run or tick, as Dagster's
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    return logger
