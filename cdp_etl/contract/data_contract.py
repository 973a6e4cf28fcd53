"""An entity as an Open Data Contract Standard document (v3.1.0) of its staging table, for those who read it."""

from typing import Any

import yaml

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TEXTS, TableColumn, staging_columns

_LOGICAL_TYPES = {
    "VARCHAR": "string",
    "JSON": "object",
    "BIGINT": "integer",
    "UBIGINT": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp",
    "DATE": "date",
    "VARCHAR[]": "array",
}


def data_contract(entity: Entity) -> str:
    """Give the ODCS document of `staging.<entity>`, as YAML."""
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:cdp-etl:staging:{entity.table}",
        "name": entity.table,
        "version": "1.0.0",
        "status": "active",
        "description": {
            "purpose": entity.description,
            "usage": f"Every version of every dump is a row; read staging.{entity.table}_current for the records "
            "that count.",
            "limitations": "Moments are UTC. Contacts are as delivered; the normalized columns beside them are "
            "null where a value is masked or not usable.",
        },
        "schema": [
            {
                "name": entity.table,
                "physicalName": f"staging.{entity.table}",
                "physicalType": "table",
                "logicalType": "object",
                "businessName": entity.title,
                "dataGranularityDescription": "One version of one record: record_key and dump_date.",
                "properties": [_property(entity, column) for column in staging_columns(entity)],
            }
        ],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def _property(entity: Entity, column: TableColumn) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "description": column.description,
        "logicalType": _LOGICAL_TYPES[column.type.duckdb],
        "physicalType": column.type.duckdb,
        "required": not column.is_nullable,
    }
    if column.type is TEXTS:
        described["items"] = {"logicalType": "string", "physicalType": "VARCHAR"}
    if column.personal is not None:
        described |= {"classification": "restricted", "tags": ["pii", str(column.personal)]}
    if column.name in {"record_key", "dump_date"}:
        described |= {"primaryKey": True, "primaryKeyPosition": 1 if column.name == "record_key" else 2}
    if column.field is not None:
        described["businessName"] = column.field.contract_name
        if column.field.column.example is not None:
            described["examples"] = [column.field.column.example]
        rules = list(_rules(entity, column))
        if rules:
            described["quality"] = [{"type": "text", "description": rule} for rule in rules]
    return described


def _rules(entity: Entity, column: TableColumn) -> list[str]:
    """Say in sentences what a record is refused for in this field."""
    assert column.field is not None  # noqa: S101 - asked of contract columns alone
    name, declared = column.field.contract_name, column.field.column
    rules = []
    if column.field.is_required:
        rules.append(
            f"{name} is required."
            if column.name == entity.own_id
            else f"{name} is required, but for Deleted records."
        )
    if declared.vocabulary:
        rules.append(f"{name} is one of {', '.join(declared.vocabulary)}, ignoring case.")
    if declared.minimum is not None:
        rules.append(f"{name} is from {declared.minimum} to {declared.maximum}.")
    if declared.type is ContractType.TIMESTAMP:
        rules.append(f"{name} is from 2000-01-01 to two days after the dump date.")
    if entity.has_customer and declared.is_contact:
        rules.append("One of customerPhone and customerEmail is required, but for Deleted records.")
    return rules
