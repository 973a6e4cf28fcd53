"""Which columns a mart's column is made from: found in its SQL by sqlglot, down to the fields of the contract.

Put here what is read from the SQL's tree. How Dagster shows it stands in `cdp_etl.defs`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlglot import expressions
from sqlglot.lineage import Node, lineage

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import contract_columns, normalized_name, staging_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS, mart_named

_ENTITY_OF_INPUT: Mapping[str, Entity] = {
    name: entity for entity in ENTITIES for name in (entity.table, f"{entity.table}_current")
}


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    """A column that another is made from.

    Attributes:
        schema: `staging` or `marts`.
        table: The table's name.
        column: The column's name.
    """

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True, order=True)
class SourceField:
    """A field of the contract that a column is made from.

    Attributes:
        entity: The contract's name of the entity.
        field: The contract's name of the field.
    """

    entity: str
    field: str


@cache
def _schema() -> Mapping[str, Mapping[str, str]]:
    staging = {
        name: {column.name: column.type.duckdb for column in staging_columns(entity)}
        for name, entity in _ENTITY_OF_INPUT.items()
    }
    marts = {mart.name: {column.name: column.type.duckdb for column in mart.columns} for mart in MARTS}
    return staging | marts


@cache
def column_lineage(mart: Mart) -> Mapping[str, tuple[SourceColumn, ...]]:
    """Give for each column of a mart the columns of its inputs that its value is made from.

    A column that counts rows alone is made from none.

    Raises:
        SqlglotError: where the SQL reads a column that its input does not have.
    """
    made = {name: made.whole for name, made in mart.made.items()}
    derived = "".join(f", {sql} AS {name}" for name, sql in mart.derived.items())
    select = f"SELECT *{derived} FROM ({mart.sql}\n)" if derived else mart.sql
    found: Mapping[str, Node] = lineage(None, select, dict(_schema()), sources=made, dialect="duckdb")
    return {column.name: _sources(found[column.name]) for column in mart.columns}


@cache
def field_lineage(mart: Mart) -> Mapping[str, tuple[SourceField, ...]]:
    """Give for each column of a mart the contract fields that it is made from, through all marts between."""
    by_column: dict[str, tuple[SourceField, ...]] = {}
    for column, sources in column_lineage(mart).items():
        fields: set[SourceField] = set()
        for source in sources:
            if source.schema == "marts":
                fields.update(field_lineage(mart_named(source.table))[source.column])
            else:
                fields.update(staging_fields(_ENTITY_OF_INPUT[source.table], source.column))
        by_column[column] = tuple(sorted(fields))
    return by_column


def staging_fields(entity: Entity, column: str) -> tuple[SourceField, ...]:
    """Give the contract's fields that a column of an entity's staging table is made from; none for its place."""
    known = {**{own.name: (own.name,) for own in contract_columns(entity)}, **_derived_from(entity)}
    return tuple(
        SourceField(entity.name, entity.model.fields[name].contract_name) for name in known.get(column, ())
    )


def _derived_from(entity: Entity) -> Mapping[str, tuple[str, ...]]:
    key = ("internal_company_id", "system_name", entity.own_id)
    moment = (entity.main_timestamp, "timezone_gmt")
    contacts = tuple(contact.name for contact in entity.contacts)
    person = (("customer_id",) if entity.has_customer else ()) + contacts
    return {
        "company_id": ("internal_company_id",),
        "record_key": key,
        "key_hash": key,
        "occurred_at": moment,
        "activity_date": moment,
        "customer_key": person,
        "identifiers": person,
        **{normalized_name(contact): (contact.name,) for contact in entity.contacts},
    }


def _sources(node: Node) -> tuple[SourceColumn, ...]:
    found = {
        _source(leaf.expression.name, leaf.name.rpartition(".")[2])
        for leaf in node.walk()
        if isinstance(leaf.expression, expressions.Table)
    }
    return tuple(sorted(found))


def _source(name: str, column: str) -> SourceColumn:
    entity = _ENTITY_OF_INPUT.get(name)
    return SourceColumn("marts", name, column) if entity is None else SourceColumn("staging", entity.table, column)
