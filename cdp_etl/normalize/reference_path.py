"""Reference path: validation of one record by its pydantic model.

It defines the result for every record. `fast_path` validates most records by columns and must agree with it. Only
the record itself counts here; contacts, keys and duplicates are handled later, for both paths alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from cdp_etl.contract import base_record as record_model
from cdp_etl.contract import strict_json
from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.naming import NOT_AN_OBJECT
from cdp_etl.contract.parsers import REQUIRED, InvalidValueError, parse_choice, parse_list
from cdp_etl.normalize import errors

CUSTOM_FIELD_PREFIX = "customField"
"""Prefix of the keys that hold a group of custom fields (contract: "Custom Fields")."""

IGNORED_UPDATE_CFS_KEY = "ignoredUpdateCfs"

IGNORED_NOT_SUPPORTED = f"{IGNORED_UPDATE_CFS_KEY}: not supported by this entity"
"""A warning: the contract marks only some entities SUPPORT_IGNORED_UPDATE_CFS."""

TWO_SPELLINGS = ": two spellings"
"""End of a warning: the field was delivered under another key too; that key stays in `extra_fields`."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid record: the values of `validated_columns`, by column name."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An invalid record, with all its reasons, each `<contract field>: <fact>`."""

    reasons: list[str]


def validate_record(entity: Entity, record: dict[str, Any], context: ValidationContext) -> Accepted | Quarantined:
    """Validate one record: a JSON object as returned by `strict_json.parse`, by the exact names of its fields."""
    if len(record) > context.settings.max_record_keys:
        return Quarantined([errors.too_many_keys(context.settings.max_record_keys)])
    model = entity.deleted_model if _is_deleted(entity, record) else entity.model
    reasons: list[str] = []
    row: dict[str, Any] = {}
    try:
        row = model.model_validate(record, context=context).model_dump()
    except ValidationError as error:
        reasons += _reasons(error)
    ignored: list[str] | None = None
    try:
        ignored = parse_list(record.get(IGNORED_UPDATE_CFS_KEY))
    except InvalidValueError as error:
        reasons.append(f"{IGNORED_UPDATE_CFS_KEY}: {error}")
    if reasons:
        return Quarantined(reasons)
    custom = {key: value for key, value in record.items() if key.startswith(CUSTOM_FIELD_PREFIX)}
    extra = {key: value for key, value in record.items() if _is_extra(entity, key)}
    return Accepted(
        row
        | {
            "custom_fields": strict_json.serialize(custom) if custom else None,
            "ignored_update_cfs": ignored,
            "extra_fields": strict_json.serialize(extra) if extra else None,
            "warnings": list(dict.fromkeys(_warnings(entity, custom, extra, ignored))),
        }
    )


def _is_deleted(entity: Entity, record: dict[str, Any]) -> bool:
    status = entity.by_contract_name["recordStatus"]
    try:
        return parse_choice(record.get(status.contract_name), status.column.vocabulary) == "Deleted"
    except InvalidValueError:
        return False


def _is_extra(entity: Entity, key: str) -> bool:
    return not (
        key in entity.by_contract_name or key.startswith(CUSTOM_FIELD_PREFIX) or key == IGNORED_UPDATE_CFS_KEY
    )


def _warnings(
    entity: Entity, custom: dict[str, Any], extra: dict[str, Any], ignored: list[str] | None
) -> Iterator[str]:
    for key, value in custom.items():
        if value is not None and not isinstance(value, dict):
            yield f"{key}{NOT_AN_OBJECT}"
    if ignored is not None and not entity.supports_ignored_update_cfs:
        yield IGNORED_NOT_SUPPORTED
    for key in extra:
        if (name := named_field(entity, key)) is not None:
            yield f"{name}{TWO_SPELLINGS}"


def _reasons(invalid: ValidationError) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_input=False):
        context = error.get("ctx", {})
        subject = context.get("subject", error["loc"][0])
        match error["type"]:
            case record_model.CONTRACT_ERROR:
                yield f"{subject}: {context['fact']}"
            case "missing":
                yield f"{subject}: {REQUIRED}"
            case unexpected:
                raise AssertionError(
                    f"{subject}: pydantic rejected a value as {unexpected} that our parsers should have rejected"
                )
