"""Source of setting values: the environment and `.env`.

Reports unknown names with the nearest known one, and reads the former names of renamed settings.
"""

import difflib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from cdp_etl.entities import ENTITIES
from cdp_etl.errors import UsageError

_logger = logging.getLogger(__name__)

PREFIX = "CDP_ETL_"
ENV_FILE = Path(".env")
BY_ENTITY = "_by_entity"
"""Suffix of a field that holds values for single entities; its variables end in `__<ENTITY>`."""

RENAMED = {
    "CDP_ETL_LOOK_EVERY_SECONDS": "CDP_ETL_POLL_INTERVAL_SECONDS",
    "CDP_ETL_MARTS_EVERY_SECONDS": "CDP_ETL_MART_REFRESH_INTERVAL_SECONDS",
    "CDP_ETL_SETTLE_SECONDS": "CDP_ETL_STABILITY_SECONDS",
}
"""Former names of settings, with the new ones. They are read in the release after 0.1.0 and in no later one."""

_FIELDS_OF_OTHERS = {
    "dagster_home": "DAGSTER_HOME",
    "aws_shared_credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
    "aws_profile": "AWS_PROFILE",
    "aws_config_file": "AWS_CONFIG_FILE",
}


class SettingsError(UsageError):
    """A setting is invalid or unknown; the text names the variable and what is expected."""


def variable(field_name: str) -> str:
    """Return the name of the environment variable of a field."""
    if field_name.endswith(BY_ENTITY):
        return f"{PREFIX}{field_name.removesuffix(BY_ENTITY).upper()}__<ENTITY>"
    return _FIELDS_OF_OTHERS.get(field_name, f"{PREFIX}{field_name.upper()}")


class EnvironmentSource(PydanticBaseSettingsSource):
    """The environment, then `.env`. An empty variable counts as not set."""

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 - required by the base class
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Return the value of one field."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the values that are set, by field name.

        Raises:
            SettingsError: If a variable begins with `CDP_ETL_` and is unknown, or if a renamed setting has
                different values under its two names.
        """
        delivered = _with_new_names({**_ours(dotenv_values(ENV_FILE)), **_ours(os.environ)})
        names = {variable(name): name for name in self.settings_cls.model_fields}
        values: dict[str, Any] = {}
        for name, value in delivered.items():
            if name in names:
                values[names[name]] = value
            else:
                setting, entity = _split(name, names)
                values.setdefault(names[f"{setting}__<ENTITY>"], {})[entity] = value
        return values


def warn_of_renamed_settings() -> None:
    """Log the new name of each setting that the environment or `.env` sets under its former one.

    Entry points call it once, after logs are configured.
    """
    delivered = {**_ours(dotenv_values(ENV_FILE)), **_ours(os.environ)}
    for former in sorted(RENAMED.keys() & delivered.keys()):
        _logger.warning("%s is now %s; the former name is read in this release only.", former, RENAMED[former])


def _with_new_names(delivered: Mapping[str, str]) -> dict[str, str]:
    renamed = {name: value for name, value in delivered.items() if name not in RENAMED}
    for former, new in RENAMED.items():
        if former in delivered and renamed.setdefault(new, delivered[former]) != delivered[former]:
            raise SettingsError(
                f"{former} and {new} have different values; {former} is the former name: remove it."
            )
    return renamed


def _ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Select our own variables, and the few of other programs that are read."""
    others = _FIELDS_OF_OTHERS.values()
    return {
        name: value for name, value in variables.items() if value and (name.startswith(PREFIX) or name in others)
    }


def _split(name: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Split `CDP_ETL_LANDING__EMAIL_INTERACTION` into the setting and the entity's table name."""
    setting, separator, entity = name.partition("__")
    if not separator or f"{setting}__<ENTITY>" not in names:
        near = difflib.get_close_matches(name.removeprefix(PREFIX), [n.removeprefix(PREFIX) for n in names], n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "`cdp-etl settings` lists all settings."
        raise SettingsError(f"{name}: there is no such setting; {hint}")
    tables = [known.table for known in ENTITIES]
    if entity.lower() not in tables:
        raise SettingsError(
            f"{name}: expected one of {', '.join(table.upper() for table in tables)} after `{setting}__`."
        )
    return setting, entity.lower()
