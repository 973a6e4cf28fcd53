"""Tables as Open Data Contract Standard documents (v3.1.0), for those who read them.

Put here the form of a document, and the one of an entity's staging table; those of the marts stand with the marts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TableColumn, staging_columns

_LOGICAL_TYPES = {
    "VARCHAR": "string",
    "JSON": "object",
    "BIGINT": "integer",
    "UBIGINT": "integer",
    "DOUBLE": "number",
    "DECIMAL": "number",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp",
    "DATE": "date",
    "STRUCT": "object",
    "MAP": "object",
}


def data_contract(entity: Entity) -> str:
    """Give the ODCS document of `staging.<entity>`, as YAML."""
    return odcs_document(
        "staging",
        entity.table,
        {
            "purpose": entity.description,
            "usage": f"Every version of every dump is a row; read staging.{entity.table}_current for the records "
            "that count.",
            "limitations": "Moments are UTC. Contacts are as delivered; the normalized columns beside them are "
            "null where a value is masked or not usable.",
        },
        {
            "businessName": entity.title,
            "dataGranularityDescription": "One version of one record: record_key and dump_date.",
            "properties": [_delivered_property(entity, column) for column in staging_columns(entity)],
        },
    )


def odcs_document(schema: str, table: str, description: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    """Give the ODCS document of a table, as YAML.

    Args:
        schema: Of the table.
        table: Its name.
        description: What it is for: `purpose`, `usage`, `limitations`.
        facts: What its schema object says beside its names and types: the properties above all.
    """
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:cdp-etl:{schema}:{table}",
        "name": table,
        "version": "1.0.0",
        "status": "active",
        "description": dict(description),
        "schema": [
            {
                "name": table,
                "physicalName": f"{schema}.{table}",
                "physicalType": "table",
                "logicalType": "object",
                **facts,
            }
        ],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def odcs_property(column: TableColumn, key: Sequence[str]) -> dict[str, Any]:
    """Give what the document says of a column.

    Args:
        column: The column.
        key: The columns that tell the table's rows apart, in order.
    """
    of_items = column.type.duckdb.removesuffix("[]")
    is_list = of_items != column.type.duckdb
    described: dict[str, Any] = {
        "name": column.name,
        "description": column.description,
        "logicalType": "array" if is_list else _logical_type(of_items),
        "physicalType": column.type.duckdb,
        "required": not column.is_nullable,
    }
    if is_list:
        described["items"] = {"logicalType": _logical_type(of_items), "physicalType": of_items}
    if column.personal is not None:
        described |= {"classification": "restricted", "tags": ["pii", str(column.personal)]}
    if column.name in key:
        described |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    return described


def _logical_type(duckdb_type: str) -> str:
    """Give the standard's name of a type; one that is not known raises."""
    return _LOGICAL_TYPES[duckdb_type.partition("(")[0]]


def _delivered_property(entity: Entity, column: TableColumn) -> dict[str, Any]:
    described = odcs_property(column, ("record_key", "dump_date"))
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
