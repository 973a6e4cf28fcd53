"""Open Data Contract Standard documents (v3.1.0) of tables, for readers of the data.

`data_contract` renders an entity's staging table. `cdp_etl.marts.docs` renders the marts with the same functions.
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
    """Return the ODCS document of `staging.<entity>`, as YAML."""
    return odcs_document(
        "staging",
        entity.table,
        {
            "purpose": entity.description,
            "usage": f"Every version in every dump is a row. Read staging.{entity.table}_current "
            "for current records.",
            "limitations": "Timestamps are UTC. Contacts are as delivered. Their normalized columns are null if a "
            "value is masked or not usable.",
        },
        {
            "businessName": entity.title,
            "dataGranularityDescription": "One version of one record: record_key and dump_date.",
            "properties": [_delivered_property(entity, column) for column in staging_columns(entity)],
        },
    )


def odcs_document(schema: str, table: str, description: Mapping[str, str], details: Mapping[str, Any]) -> str:
    """Return the ODCS document of a table, as YAML.

    Args:
        schema: Schema of the table.
        table: Name of the table.
        description: The document's `purpose`, `usage` and `limitations`.
        details: Further keys of the document's schema object, mainly `properties`.
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
                **details,
            }
        ],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def odcs_property(column: TableColumn, key: Sequence[str]) -> dict[str, Any]:
    """Return the document's entry of a column.

    Args:
        column: The column.
        key: Columns that identify a row of the table, in order.
    """
    item_type = column.type.duckdb.removesuffix("[]")
    is_list = item_type != column.type.duckdb
    entry: dict[str, Any] = {
        "name": column.name,
        "description": column.description,
        "logicalType": "array" if is_list else _logical_type(item_type),
        "physicalType": column.type.duckdb,
        "required": not column.is_nullable,
    }
    if is_list:
        entry["items"] = {"logicalType": _logical_type(item_type), "physicalType": item_type}
    if column.personal is not None:
        entry |= {"classification": "restricted", "tags": ["pii", str(column.personal)]}
    if column.name in key:
        entry |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    return entry


def _logical_type(duckdb_type: str) -> str:
    """Return the standard's name of a type. An unknown type raises KeyError."""
    return _LOGICAL_TYPES[duckdb_type.partition("(")[0]]


def _delivered_property(entity: Entity, column: TableColumn) -> dict[str, Any]:
    entry = odcs_property(column, ("record_key", "dump_date"))
    if column.field is not None:
        entry["businessName"] = column.field.contract_name
        if column.field.example is not None:
            entry["examples"] = [column.field.example]
        rules = list(_rules(entity, column))
        if rules:
            entry["quality"] = [{"type": "text", "description": rule} for rule in rules]
    return entry


def _rules(entity: Entity, column: TableColumn) -> list[str]:
    """Return as sentences the rules by which this field can quarantine a record."""
    assert column.field is not None  # noqa: S101 - called for contract columns only
    name, declared = column.field.contract_name, column.field.column
    rules = []
    if column.field.is_required:
        rules.append(
            f"{name} is required."
            if column.name == entity.own_id
            else f"{name} is required, except in Deleted records."
        )
    if declared.vocabulary:
        rules.append(f"{name} is one of {', '.join(declared.vocabulary)}, ignoring case.")
    if declared.minimum is not None:
        rules.append(f"{name} is between {declared.minimum} and {declared.maximum}.")
    if declared.type is ContractType.TIMESTAMP:
        rules.append(f"{name} is between 2000-01-01 and two days after the dump date.")
    if entity.has_customer and declared.is_contact:
        rules.append("customerPhone or customerEmail is required, except in Deleted records.")
    return rules
