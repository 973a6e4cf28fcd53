"""JSON output of Dagster's loggers, if CDP_ETL_LOG_FORMAT is json. `cdp_etl.logs` defines the fields."""

import logging
import sys
from collections.abc import Mapping, Sequence

import dagster as dg

from cdp_etl.defs.runtime.dagster_internals import context_creation_job, instigation_logger
from cdp_etl.logs import JsonFormatter

_LEVEL = "log_level"


@dg.logger(config_schema={_LEVEL: str}, description="One JSON object a line, on standard error.")
def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """Return the logger that replaces Dagster's coloured console."""
    return _console("dagster", context.logger_config[_LEVEL])


def write_runs_and_ticks_as_json(min_level: str) -> None:
    """Make all runs and ticks of this process write JSON lines.

    Dagster uses the loggers of its definitions only if the run's configuration names them. Runs of schedules,
    sensors and the UI do not, so two of Dagster's functions are replaced. Dagster's release is pinned, and tests
    check that the replacement works.

    Args:
        min_level: Lowest level that is written.
    """

    def default_system_loggers(
        instance: dg.DagsterInstance | None,  # noqa: ARG001 - passed by Dagster
    ) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
        return [(json_console, {_LEVEL: min_level})]

    def create_console_logger(name: str, level: str | int) -> logging.Logger:  # noqa: ARG001 - as above
        return _console(name, min_level)

    # Neither has a public name.
    context_creation_job.default_system_loggers = default_system_loggers  # type: ignore[attr-defined]
    instigation_logger.create_console_logger = create_console_logger  # type: ignore[attr-defined]


def _console(name: str, level: str) -> logging.Logger:
    logger = logging.Logger(name, level=level)  # noqa: LOG001 - one per run or tick, like Dagster's
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    return logger
