"""Column lineage of the marts, from their SQL by sqlglot, down to the fields of the contract."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sqlglot import expressions
from sqlglot.lineage import Node, lineage

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import (
    CONSENT_STATEMENT_COLUMNS,
    contract_columns,
    folded_name,
    normalized_name,
    staging_columns,
)
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl.warehouse.load import consent_statements

_ENTITY_OF_INPUT: Mapping[str, Entity] = {
    name: entity for entity in ENTITIES for name in (entity.table, f"{entity.table}_current")
}
_CONSENT_STATEMENT = "consent_statement"
_STATING_ENTITIES = [entity for entity in ENTITIES if entity.table in consent_statements.STATING_ENTITIES]


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    """Upstream column of a mart's column.

    Attributes:
        schema: `staging` or `marts`.
        table: Name of the table.
        column: Name of the column.
    """

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True, order=True)
class SourceField:
    """Contract field that a column is derived from.

    Attributes:
        entity: Contract name of the entity.
        field: Contract name of the field.
    """

    entity: str
    field: str


@cache
def _schema() -> Mapping[str, Mapping[str, str]]:
    staging = {
        name: {column.name: column.type.duckdb for column in staging_columns(entity)}
        for name, entity in _ENTITY_OF_INPUT.items()
    }
    staging[_CONSENT_STATEMENT] = {column.name: column.type.duckdb for column in CONSENT_STATEMENT_COLUMNS}
    marts = {mart.name: {column.name: column.type.duckdb for column in mart.columns} for mart in MARTS}
    return staging | marts


@cache
def column_lineage(mart: Mart) -> Mapping[str, tuple[SourceColumn, ...]]:
    """Return the upstream columns of each column of a mart; none for a column that only counts rows.

    Raises:
        SqlglotError: If the SQL reads a column that its input does not have.
    """
    intermediate = {name: table.full_sql for name, table in mart.intermediate_tables.items()}
    derived = "".join(f", {sql} AS {name}" for name, sql in mart.derived.items())
    select = f"SELECT *{derived} FROM ({mart.sql}\n)" if derived else mart.sql
    # Trimming the labels of nodes, which nothing reads, copies each SELECT: five sixths of the time.
    nodes: Mapping[str, Node] = lineage(
        None, select, dict(_schema()), sources=intermediate, dialect="duckdb", trim_selects=False
    )
    return {column.name: _sources(nodes[column.name]) for column in mart.columns}


@cache
def field_lineage(mart: Mart) -> Mapping[str, tuple[SourceField, ...]]:
    """Return the contract fields that each column of a mart is derived from, through all upstream marts."""
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
    """Return the contract fields that a staging column is derived from.

    Columns that describe the delivery, such as `source_file`, have none.
    """
    known = {**{own.name: (own.name,) for own in contract_columns(entity)}, **_derived_from(entity)}
    return tuple(
        SourceField(entity.name, entity.model.fields[name].contract_name) for name in known.get(column, ())
    )


def _derived_from(entity: Entity) -> Mapping[str, tuple[str, ...]]:
    key = ("internal_company_id", "system_name", entity.own_id)
    timestamp = (entity.main_timestamp, "timezone_gmt")
    contacts = tuple(contact.name for contact in entity.contacts)
    person = (("customer_id",) if entity.has_customer else ()) + contacts
    return {
        "company_id": ("internal_company_id",),
        "record_key": key,
        "key_hash": key,
        "occurred_at": timestamp,
        "activity_date": timestamp,
        "customer_key": person,
        "identifiers": person,
        "placeholders": person,
        **{normalized_name(contact): (contact.name,) for contact in entity.contacts},
        **{folded_name(field): (field.name,) for field in entity.folded_fields},
    }


def _sources(node: Node) -> tuple[SourceColumn, ...]:
    found = {
        source
        for leaf in node.walk()
        if isinstance(leaf.expression, expressions.Table)
        for source in _source(leaf.expression.name, leaf.name.rpartition(".")[2])
    }
    return tuple(sorted(found))


def _source(name: str, column: str) -> Iterable[SourceColumn]:
    """Yield the upstream columns of a column that a SELECT reads; statements are derived from records."""
    if name == _CONSENT_STATEMENT:
        for entity in _STATING_ENTITIES:
            for source in consent_statements.source_columns(entity.table)[column]:
                yield SourceColumn("staging", entity.table, source)
    elif name in _ENTITY_OF_INPUT:
        yield SourceColumn("staging", _ENTITY_OF_INPUT[name].table, column)
    else:
        yield SourceColumn("marts", name, column)
