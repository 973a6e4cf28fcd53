"""JSON Schema (2020-12) of one delivered record, for partners who deliver dumps.

The schema describes the accepted spellings. It is wider than the reference path, which also checks what JSON
Schema cannot express, such as the range of a timestamp, which depends on the dump date. A test checks that every
record that the reference path accepts is valid by the schema.
"""

from typing import Any

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.naming import camel_case
from cdp_etl.contract.parsers import INT64_MAX, INT64_MIN

_BLANK = r"\s*"
_INTEGER = r"\s*[+-]?[0-9]+(\.0+)?\s*"
_DECIMAL = r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_ISO_8601 = r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*"
_BOOLEAN = r"\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])\s*"


_LIST: dict[str, Any] = {
    "type": ["array", "string", "integer", "null"],
    "items": {"type": ["string", "integer", "null"]},
}
_INTEGER_TYPE: dict[str, Any] = {"type": ["integer", "string", "null"], "pattern": f"^({_INTEGER}|{_BLANK})$"}
_TYPES: dict[ContractType, dict[str, Any]] = {
    ContractType.STRING: {"type": ["string", "integer", "null"]},
    ContractType.DOUBLE: {"type": ["number", "string", "null"], "pattern": f"^({_DECIMAL}|{_BLANK})$"},
    ContractType.BOOLEAN: {
        "anyOf": [
            {"type": ["boolean", "null"]},
            {"enum": [0, 1]},
            {"type": "string", "pattern": f"^({_BOOLEAN}|{_BLANK})$"},
        ]
    },
    ContractType.TIMESTAMP: {
        "type": ["integer", "string", "null"],
        "pattern": f"^({_INTEGER}|{_ISO_8601}|{_BLANK})$",
    },
    ContractType.LIST: _LIST,
}


def json_schema(entity: Entity) -> dict[str, Any]:
    """Return the JSON Schema of one delivered record of an entity."""
    deleted = {"recordStatus": {"type": "string", "pattern": f"^{_BLANK}[Dd][Ee][Ll][Ee][Tt][Ee][Dd]{_BLANK}$"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cdp-etl:{entity.name}",
        "title": entity.title,
        "description": entity.description,
        "type": "object",
        "properties": {field.contract_name: _property(field) for field in entity.fields}
        | {
            "ignoredUpdateCfs": {
                "description": "Names of custom fields that this record must not change.",
                **_LIST,
            }
        },
        "patternProperties": {"^customField": {"description": "A group of custom fields, by field name."}},
        "additionalProperties": True,
        "if": {"properties": deleted, "required": ["recordStatus"]},
        "then": _present([entity.own_id_field]),
        "else": {
            "allOf": [
                _present([field.contract_name for field in entity.fields if field.is_required]),
                *([_any_contact()] if entity.has_customer else []),
            ]
        },
    }


def _property(field: ContractField) -> dict[str, Any]:
    examples = {"examples": [field.example]} if field.example is not None else {}
    default = {"default": field.default} if field.default is not None else {}
    return {"description": field.column.description, **_type(field), **default, **examples}


def _type(field: ContractField) -> dict[str, Any]:
    column = field.column
    if column.vocabulary:
        spelled = "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in word) for word in column.vocabulary)
        return {"type": ["string", "null"], "pattern": f"^{_BLANK}({spelled})?{_BLANK}$"}
    if column.type in {ContractType.INTEGER, ContractType.LONG}:
        low = INT64_MIN if column.minimum is None else column.minimum
        high = INT64_MAX if column.maximum is None else column.maximum
        return _INTEGER_TYPE | {"minimum": low, "maximum": high}
    return _TYPES[column.type]


def _present(names: list[str]) -> dict[str, Any]:
    """Return a schema that requires keys whose values are neither null nor blank."""
    present = {"not": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": f"^{_BLANK}$"}]}}
    return {"required": names, "properties": dict.fromkeys(names, present)}


def _any_contact() -> dict[str, Any]:
    return {"anyOf": [_present([camel_case(name)]) for name in ("customer_phone", "customer_email")]}
