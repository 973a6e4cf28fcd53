"""`cdp-etl settings`: list all settings."""

from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import print_json, print_table
from cdp_etl.settings import Settings, load_settings, variable
from cdp_etl.url_secrets import without_url_secrets


def settings_command(*, as_json: AsJson = False) -> None:
    """List all settings with value, default and meaning.

    Set a variable in the environment, or in the file `.env` of the working folder. Secrets are hidden.
    """
    settings = load_settings()
    rows = [
        {
            "setting": variable(name),
            "value": _displayed(getattr(settings, name)),
            "default": _displayed(field.get_default(call_default_factory=True)),
            "is_set": name in settings.model_fields_set,
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("setting", "value", "default", "meaning"),
        [(row["setting"], row["value"], row["default"], row["meaning"]) for row in rows],
    )


def _displayed(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return "(hidden)"
        case frozenset():
            return ",".join(sorted(_displayed(one) for one in value))
        case dict():
            return ", ".join(f"{name}={_displayed(one)}" for name, one in sorted(value.items()))
    return "" if value is PydanticUndefined else without_url_secrets(str(value))
