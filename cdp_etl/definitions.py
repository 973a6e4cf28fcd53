"""The entry point of the Dagster code location; `workspace.yaml` and `[tool.dg]` both name it."""

import dagster as dg

from cdp_etl.defs.build import build_definitions
from cdp_etl.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    """Give the definitions, by the settings in force when the code location is loaded."""
    return build_definitions(load_settings())
