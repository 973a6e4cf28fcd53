"""Reference path: validation of one record by its pydantic model.

It defines the result for every record. `fast_path` validates most records by columns and must agree with it. Only
the record itself counts here; contacts, keys and duplicates are handled later, for both paths alike.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from pydantic import ValidationError

from cdp_etl.contract import base_record as record_model
from cdp_etl.contract import strict_json
from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.naming import NOT_AN_OBJECT
from cdp_etl.contract.parsers import (
    REQUIRED,
    InvalidValueError,
    normalize_text,
    parse_choice,
    parse_list,
    without_invisible_marks,
)
from cdp_etl.normalize import errors

CUSTOM_FIELD_PREFIX = "customField"
"""Prefix of the keys that hold a group of custom fields (contract: "Custom Fields")."""

IGNORED_UPDATE_CFS_KEY = "ignoredUpdateCfs"
TIMEZONE = "timezoneGmt"

IGNORED_NOT_SUPPORTED = f"{IGNORED_UPDATE_CFS_KEY}: not supported by this entity"
"""A warning: the contract marks only some entities SUPPORT_IGNORED_UPDATE_CFS."""

TWO_SPELLINGS = ": two spellings"
"""End of a warning: the field was delivered under another key too; that key stays in `extra_fields`."""


INVISIBLE_MARKS_REMOVED = ": invisible marks removed"
UNWRAPPED = ": written for a spreadsheet"
"""Ends of warnings about an id or a contact whose text was changed."""


class Unwrapped(str):
    """Delivered text without what makes a spreadsheet read it as text: `="00123"`, `'0986…`."""

    __slots__ = ()


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
    is_deleted = _is_deleted(entity, record)
    model = entity.deleted_model if is_deleted else entity.model
    row, faults = _validate(model, record, context)
    tolerated = _tolerated(entity, is_deleted=is_deleted)
    reasons = [fault.text for fault in faults if fault.subject not in tolerated]
    if reasons:
        return Quarantined(reasons)
    set_aside = _set_aside(entity, record, faults)
    if set_aside:
        row, _ = _validate(model, {key: value for key, value in record.items() if key not in set_aside}, context)
    ignored = row.pop(IGNORED_UPDATE_CFS_KEY)
    custom = {key: value for key, value in record.items() if key.startswith(CUSTOM_FIELD_PREFIX)}
    extra = {
        key: _as_json(value) if key in set_aside else value
        for key, value in record.items()
        if key in set_aside or _is_extra(entity, key)
    }
    return Accepted(
        row
        | {
            "custom_fields": strict_json.serialize(custom) if custom else None,
            "ignored_update_cfs": ignored,
            "extra_fields": strict_json.serialize(extra) if extra else None,
            "warnings": [
                *set_aside.values(),
                *_changes(entity, record, set_aside),
                *dict.fromkeys(_warnings(entity, custom, [key for key in extra if key not in set_aside], ignored)),
            ],
        }
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    """A rule that a record violates: what it is about, and the fact."""

    subject: str
    fact: str

    @property
    def text(self) -> str:
        return f"{self.subject}: {self.fact}"


def _validate(
    model: type[record_model.Record], record: dict[str, Any], context: ValidationContext
) -> tuple[dict[str, Any], list[_Fault]]:
    """Return the values of a record, `ignoredUpdateCfs` included, or all its faults."""
    row: dict[str, Any] = {}
    faults: list[_Fault] = []
    try:
        row = model.model_validate(record, context=context).model_dump()
    except ValidationError as error:
        faults += _faults(error)
    try:
        row[IGNORED_UPDATE_CFS_KEY] = parse_list(record.get(IGNORED_UPDATE_CFS_KEY))
    except InvalidValueError as error:
        faults.append(_Fault(IGNORED_UPDATE_CFS_KEY, str(error)))
    return row, faults


def _tolerated(entity: Entity, *, is_deleted: bool) -> frozenset[str]:
    """Return the fields whose invalid value costs only itself: of a Deleted record, all outside its key."""
    if not is_deleted:
        return entity.fields_set_aside
    return frozenset({*entity.by_contract_name, IGNORED_UPDATE_CFS_KEY}) - entity.key_fields


def _set_aside(entity: Entity, record: dict[str, Any], faults: list[_Fault]) -> dict[str, str]:
    """Return the warning of each field that is not read. Without a time zone no timestamp is read either."""
    warnings = {fault.subject: fault.text for fault in faults}
    if TIMEZONE in warnings:
        timestamps = [field.contract_name for field in entity.timestamps if field.contract_name in record]
        warnings = {name: f"{name}: not read without {TIMEZONE}" for name in timestamps} | warnings
    return warnings


def _as_json(value: Any) -> Any:
    """Return a value that was set aside as JSON can store it; Parquet has types that JSON does not have."""
    match value:
        case dict():
            return {str(key): _as_json(inner) for key, inner in value.items()}
        case list():
            return [_as_json(item) for item in value]
        case None | str() | int() | Decimal():
            return value
        case float() if isfinite(value):
            return value
    return str(value)


def _changes(entity: Entity, record: dict[str, Any], set_aside: Collection[str]) -> Iterator[str]:
    """Yield a warning for each text that is not stored as delivered."""
    for name, value in record.items():
        if isinstance(value, Unwrapped):
            yield f"{name}{UNWRAPPED}"
    for field in entity.exact_fields:
        value = record.get(field.contract_name)
        if (
            isinstance(value, str)
            and not value.isascii()
            and field.contract_name not in set_aside
            and normalize_text(value) != without_invisible_marks(value)
        ):
            yield f"{field.contract_name}{INVISIBLE_MARKS_REMOVED}"


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
    entity: Entity, custom: dict[str, Any], unknown: Iterable[str], ignored: list[str] | None
) -> Iterator[str]:
    for key, value in custom.items():
        if value is not None and not isinstance(value, dict):
            yield f"{key}{NOT_AN_OBJECT}"
    if ignored is not None and not entity.supports_ignored_update_cfs:
        yield IGNORED_NOT_SUPPORTED
    for key in unknown:
        if (name := named_field(entity, key)) is not None:
            yield f"{name}{TWO_SPELLINGS}"


def _faults(invalid: ValidationError) -> Iterator[_Fault]:
    for error in invalid.errors(include_url=False, include_input=False):
        context = error.get("ctx", {})
        subject = str(context.get("subject", error["loc"][0]))
        match error["type"]:
            case record_model.CONTRACT_ERROR:
                yield _Fault(subject, context["fact"])
            case "missing":
                yield _Fault(subject, REQUIRED)
            case unexpected:
                raise AssertionError(
                    f"{subject}: pydantic rejected a value as {unexpected} that our parsers should have rejected"
                )
