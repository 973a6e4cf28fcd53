"""The tables and views of schema `staging`, made from the contract and kept in step with it.

A column that the contract gained is added here by itself. Anything else that differs is refused by name: it needs
a migration written by a person.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import create_table, literal, quoted
from cdp_etl.contract.table import QUARANTINE_COLUMNS, SUPERSEDED_COLUMNS, TableColumn, staging_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.errors import StagingLayoutError
from cdp_etl.warehouse.sql import single_value

_SETTING = "staging_layout"

_NOT_IN_VIEW = frozenset(
    {"is_current", "current_custom_fields", "folded_custom_fields", "folded_ignored_update_cfs"}
)

_FOLDED_IN_DUMP = "CASE WHEN folded_ignored_update_cfs IS NULL THEN custom_fields ELSE folded_custom_fields END"
"""What the versions of one dump come to: the list is set wherever there were several."""

NO_CUSTOM_FIELDS = "{}"
"""What is stored where folding leaves nothing of what was delivered; read back as null."""


@dataclass(frozen=True, slots=True)
class StagingTable:
    """A table of schema `staging`: its name, what a row is, and its columns."""

    name: str
    description: str
    columns: tuple[TableColumn, ...]

    def statements(self) -> list[str]:
        """Give the statement that makes it, then those that comment on it and its columns."""
        return create_table("staging", self.name, self.columns, self.description)


STAGING_TABLES: tuple[StagingTable, ...] = (
    *(
        StagingTable(
            entity.table, f"Every version of every dump is a row. {entity.description}", staging_columns(entity)
        )
        for entity in ENTITIES
    ),
    StagingTable("quarantine", "One refused record of a dump that is loaded.", QUARANTINE_COLUMNS),
    StagingTable(
        "superseded", "One valid record whose key came again later in the same dump.", SUPERSEDED_COLUMNS
    ),
)


def current_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Give the columns of the view `staging.<entity>_current`."""
    return tuple(column for column in staging_columns(entity) if column.name not in _NOT_IN_VIEW)


def delivered_custom_fields() -> str:
    """Give the SQL of a staging row's custom fields before folding over dumps; null where there are none."""
    return f"nullif({_FOLDED_IN_DUMP}, '{NO_CUSTOM_FIELDS}')"


def sync_staging_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what is missing, so that the schema is what the contract says; call it in a transaction.

    Raises:
        StagingLayoutError: where a table has a column that the contract does not know, or one of another type.
    """
    if staging_schema_matches(connection):
        return
    for table in STAGING_TABLES:
        _keep_table_in_step(connection, table)
    for entity in ENTITIES:
        for statement in _view(entity):
            connection.execute(statement)
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_SETTING])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_SETTING, _layout()])


def staging_schema_matches(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the schema was made from the contract as it stands."""
    made_from = single_value(connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_SETTING])
    return bool(made_from == _layout())


def _layout() -> str:
    statements = [
        *(statement for table in STAGING_TABLES for statement in table.statements()),
        *(statement for entity in ENTITIES for statement in _view(entity)),
    ]
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def _keep_table_in_step(connection: duckdb.DuckDBPyConnection, table: StagingTable) -> None:
    make, *comments = table.statements()
    found = dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = 'staging' AND table_name = ? AND database_name = current_database()",
            [table.name],
        ).fetchall()
    )
    if found:
        _add_missing_columns(connection, table, found)
    else:
        connection.execute(make)
    for comment in comments:
        connection.execute(comment)


def _add_missing_columns(
    connection: duckdb.DuckDBPyConnection, table: StagingTable, found: dict[str, str]
) -> None:
    name = f"staging.{table.name}"
    known = {column.name for column in table.columns}
    for unknown in found.keys() - known:
        raise StagingLayoutError(name, unknown, "the contract does not know it; a newer cdp_etl may have made it")
    for column in table.columns:
        stored = found.get(column.name)
        if stored == _type_as_stored(connection, column):
            continue
        if stored is not None:
            fact = f"it is {stored}, the contract says {column.type.duckdb}; a migration is needed"
            raise StagingLayoutError(name, column.name, fact)
        if not column.is_nullable:
            raise StagingLayoutError(name, column.name, "it is missing and may not be null; a migration is needed")
        connection.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {column.type.duckdb}")


def _type_as_stored(connection: duckdb.DuckDBPyConnection, column: TableColumn) -> str:
    return str(single_value(connection, f"SELECT typeof(NULL::{column.type.duckdb})"))


def _view(entity: Entity) -> Sequence[str]:
    name = f"staging.{quoted(entity.table + '_current')}"
    columns = current_columns(entity)
    custom_fields = (
        f"nullif(coalesce(current_custom_fields, {_FOLDED_IN_DUMP}), '{NO_CUSTOM_FIELDS}') AS custom_fields"
    )
    selected = ",\n  ".join(
        custom_fields if column.name == "custom_fields" else quoted(column.name) for column in columns
    )
    what = f"The current, not deleted records of staging.{entity.table}, ignoredUpdateCfs applied."
    make = (
        f"CREATE OR REPLACE VIEW {name} AS SELECT\n  {selected}\nFROM staging.{quoted(entity.table)}\n"
        "WHERE is_current AND record_status IS DISTINCT FROM 'Deleted'"
    )
    return [
        make,
        f"COMMENT ON VIEW {name} IS {literal(what)}",
        *(f"COMMENT ON COLUMN {name}.{quoted(c.name)} IS {literal(c.description)}" for c in columns),
    ]
