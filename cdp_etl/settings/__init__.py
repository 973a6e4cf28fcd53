"""Every setting of the product; the only reader of the environment.

A setting is a variable, `CDP_ETL_` and the field's name in capitals, or a line of that form in `.env` in the
working folder; the environment wins. `defs` and `cli` read settings and hand them down as values.
"""

from cdp_etl.settings.env_source import SettingsError, variable
from cdp_etl.settings.settings import Settings, load_settings

__all__ = ["Settings", "SettingsError", "load_settings", "variable"]
