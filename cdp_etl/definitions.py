"""Entry point of the Dagster code location, named by `workspace.yaml` and `[tool.dg]`."""

import dagster as dg

from cdp_etl.data_folder import protect_data_folder
from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.runtime.loggers import write_runs_and_ticks_as_json
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.logs import configure_logs
from cdp_etl.settings import load_settings, warn_of_renamed_settings


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions for the settings at the time when the code location is loaded."""
    restrict_new_files()
    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level)
    if settings.log_format == "json":
        write_runs_and_ticks_as_json(settings.log_level)
    warn_of_renamed_settings()
    protect_data_folder(settings)
    return build_definitions(settings)
