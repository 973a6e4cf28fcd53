"""All settings of the product. No other package reads the environment.

A setting is an environment variable, `CDP_ETL_` and the field's name in capitals, or a line of that form in `.env`
in the working folder. The environment has precedence.

Belongs here: names, defaults, validation, and the conversion to the values that other packages accept.
Does not belong here: what a package does with such a value.
"""

from cdp_etl.settings.env_source import SettingsError, variable, warn_of_renamed_settings
from cdp_etl.settings.settings import Settings, load_settings

__all__ = ["Settings", "SettingsError", "load_settings", "variable", "warn_of_renamed_settings"]
