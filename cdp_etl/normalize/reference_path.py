"""The exact lane: one record judged by its pydantic model, the only authority on what it becomes and why not.

Put here what is decided about one record by itself. Contacts, keys and versions come after, for both lanes alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from cdp_etl.contract import base_record as record_model
from cdp_etl.contract import strict_json
from cdp_etl.contract.base_record import JudgeContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import KEY_WARNING
from cdp_etl.contract.parsers import REQUIRED, ValueRefusedError, read_choice, read_list

CUSTOM_FIELD_PREFIX = "customField"
"""Every key that starts so is a group of custom fields (contract: "Custom Fields")."""

IGNORED_UPDATE_CFS = "ignoredUpdateCfs"

IGNORED_NOT_SUPPORTED = f"{IGNORED_UPDATE_CFS}: not supported by this entity"
"""A warning: the contract marks only some entities SUPPORT_IGNORED_UPDATE_CFS."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted record: the values of `judged_columns`, by column name."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused record, with all its reasons, each `<contract field>: <fact>`."""

    reasons: list[str]


def judge(entity: Entity, record: dict[str, Any], context: JudgeContext) -> Accepted | Refused:
    """Judge one record, a JSON object as `strict_json.parse` gives it."""
    model = entity.deleted_model if _is_deleted(entity, record) else entity.model
    reasons: list[str] = []
    row: dict[str, Any] = {}
    try:
        row = model.model_validate(record, context=context).model_dump()
    except ValidationError as refused:
        reasons += _reasons(refused)
    ignored: list[str] | None = None
    try:
        ignored = read_list(record.get(IGNORED_UPDATE_CFS))
    except ValueRefusedError as refused:
        reasons.append(f"{IGNORED_UPDATE_CFS}: {refused}")
    if reasons:
        return Refused(reasons)
    custom = {key: value for key, value in record.items() if key.startswith(CUSTOM_FIELD_PREFIX)}
    extra = {key: value for key, value in record.items() if _is_extra(entity, key)}
    return Accepted(
        row
        | {
            "custom_fields": strict_json.write(custom) if custom else None,
            "ignored_update_cfs": ignored,
            "extra_fields": strict_json.write(extra) if extra else None,
            "warnings": list(_warnings(entity, custom, ignored)),
        }
    )


def _is_deleted(entity: Entity, record: dict[str, Any]) -> bool:
    status = entity.by_contract_name["recordStatus"]
    try:
        return read_choice(record.get(status.contract_name), status.column.vocabulary) == "Deleted"
    except ValueRefusedError:
        return False


def _is_extra(entity: Entity, key: str) -> bool:
    return not (key in entity.by_contract_name or key.startswith(CUSTOM_FIELD_PREFIX) or key == IGNORED_UPDATE_CFS)


def _warnings(entity: Entity, custom: dict[str, Any], ignored: list[str] | None) -> Iterator[str]:
    for key, value in custom.items():
        if value is not None and not isinstance(value, dict):
            yield f"{key}{KEY_WARNING}"
    if ignored is not None and not entity.supports_ignored_update_cfs:
        yield IGNORED_NOT_SUPPORTED


def _reasons(refused: ValidationError) -> Iterator[str]:
    for error in refused.errors(include_url=False, include_input=False):
        context = error.get("ctx", {})
        subject = context.get("subject", error["loc"][0])
        match error["type"]:
            case record_model.FACT:
                yield f"{subject}: {context['fact']}"
            case "missing":
                yield f"{subject}: {REQUIRED}"
            case unexpected:
                raise AssertionError(
                    f"{subject}: pydantic refused it as {unexpected}, which no reader of ours lets by"
                )
