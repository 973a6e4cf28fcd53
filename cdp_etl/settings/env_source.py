"""From variables to fields: which names there are, where they are read, and what an unknown one is told.

Put here how the environment and `.env` are read. What the settings mean stands in `model.py`.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from cdp_etl.entities import ENTITIES
from cdp_etl.errors import CdpEtlError

PREFIX = "CDP_ETL_"
ENV_FILE = Path(".env")
BY_ENTITY = "_by_entity"
"""How the field ends that holds a setting's values for single entities; its variables end in `__<ENTITY>`."""

_FIELDS_OF_OTHERS = {
    "dagster_home": "DAGSTER_HOME",
    "aws_shared_credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
    "aws_profile": "AWS_PROFILE",
    "aws_config_file": "AWS_CONFIG_FILE",
}


class SettingsError(CdpEtlError):
    """A setting is wrong or unknown; the text names the variable and what is expected."""


def variable(field_name: str) -> str:
    """Give the name of the variable that sets a field."""
    if field_name.endswith(BY_ENTITY):
        return f"{PREFIX}{field_name.removesuffix(BY_ENTITY).upper()}__<ENTITY>"
    return _FIELDS_OF_OTHERS.get(field_name, f"{PREFIX}{field_name.upper()}")


class Variables(PydanticBaseSettingsSource):
    """The environment, and `.env` where the environment says nothing. An empty variable counts as not set."""

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 - the base class hands it in
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Give the value of one field; this source gives all of them at once, when called."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Give the values that are set, by field name.

        Raises:
            SettingsError: a variable begins as ours do and is none of them.
        """
        delivered = {**_ours(dotenv_values(ENV_FILE)), **_ours(os.environ)}
        names = {variable(name): name for name in self.settings_cls.model_fields}
        values: dict[str, Any] = {}
        for name, value in delivered.items():
            if name in names:
                values[names[name]] = value
            else:
                setting, entity = _split(name, names)
                values.setdefault(names[f"{setting}__<ENTITY>"], {})[entity] = value
        return values


def _ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Pick our own variables, and the few of others that are read."""
    others = _FIELDS_OF_OTHERS.values()
    return {
        name: value for name, value in variables.items() if value and (name.startswith(PREFIX) or name in others)
    }


def _split(name: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Take `CDP_ETL_LANDING__EMAIL_INTERACTION` apart into the setting and the entity's table name."""
    setting, separator, entity = name.partition("__")
    if not separator or f"{setting}__<ENTITY>" not in names:
        near = difflib.get_close_matches(name.removeprefix(PREFIX), [n.removeprefix(PREFIX) for n in names], n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "`cdp-etl settings` lists all settings."
        raise SettingsError(f"{name}: there is no such setting; {hint}")
    tables = [known.table for known in ENTITIES]
    if entity.lower() not in tables:
        raise SettingsError(
            f"{name}: expected one of {', '.join(table.upper() for table in tables)} behind `{setting}__`."
        )
    return setting, entity.lower()
