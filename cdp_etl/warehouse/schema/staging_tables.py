"""Tables and views of schema `staging`, created from the contract and synchronized with it.

A new nullable column of the contract is added without a migration, and a column that became nullable is changed.
Any other difference is an error that names the
column, because it needs a hand-written migration.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import create_table, literal, quoted
from cdp_etl.contract.table import (
    CONSENT_STATEMENT_COLUMNS,
    EVENT_WORD_COLUMNS,
    QUARANTINE_COLUMNS,
    SUPERSEDED_COLUMNS,
    TableColumn,
    staging_columns,
)
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.errors import StagingLayoutError
from cdp_etl.warehouse.sql import single_value

_LAYOUT_NAME = "staging_layout"

_NOT_IN_VIEW = frozenset(
    {"is_current", "current_custom_fields", "folded_custom_fields", "folded_ignored_update_cfs"}
)

_MERGED_IN_DUMP = "CASE WHEN folded_ignored_update_cfs IS NULL THEN custom_fields ELSE folded_custom_fields END"
"""SQL of the merged custom fields of one dump; the list is set if a key had several versions in the dump."""

NO_CUSTOM_FIELDS = "{}"
"""Stored value if the merge removes all delivered custom fields; read back as null."""


@dataclass(frozen=True, slots=True)
class StagingTable:
    """A table of schema `staging`: its name, the meaning of a row, its columns."""

    name: str
    description: str
    columns: tuple[TableColumn, ...]

    def statements(self) -> list[str]:
        """Return the statement that creates the table, then the comments on the table and its columns."""
        return create_table("staging", self.name, self.columns, self.description)


STAGING_TABLES: tuple[StagingTable, ...] = (
    *(
        StagingTable(
            entity.table,
            f"One row per version of a record, of every dump. {entity.description}",
            staging_columns(entity),
        )
        for entity in ENTITIES
    ),
    StagingTable("quarantine", "One quarantined record of a loaded dump.", QUARANTINE_COLUMNS),
    StagingTable(
        "superseded", "One valid record whose key occurs again later in the same dump.", SUPERSEDED_COLUMNS
    ),
    StagingTable(
        "consent_statement",
        "One consent or refusal of a version of a record, accepted or superseded, in one load. Never deleted.",
        CONSENT_STATEMENT_COLUMNS,
    ),
    StagingTable(
        "event_word",
        "Meaning of a word by which a provider names an event: the vocabulary in force.",
        EVENT_WORD_COLUMNS,
    ),
)


def current_columns(entity: Entity) -> tuple[TableColumn, ...]:
    """Return the columns of the view `staging.<entity>_current`."""
    return tuple(column for column in staging_columns(entity) if column.name not in _NOT_IN_VIEW)


def delivered_custom_fields() -> str:
    """Return the SQL of a staging row's custom fields before the merge over dumps; null if there are none."""
    return f"nullif({_MERGED_IN_DUMP}, '{NO_CUSTOM_FIELDS}')"


def sync_staging_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create missing tables, columns and views; call it in a transaction.

    Raises:
        StagingLayoutError: If a table has a column that is unknown to the contract, or of another type.
    """
    if staging_schema_matches(connection):
        return
    for table in STAGING_TABLES:
        _sync_table(connection, table)
    for entity in ENTITIES:
        for statement in _view(entity):
            connection.execute(statement)
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_LAYOUT_NAME])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_LAYOUT_NAME, _layout()])


def staging_schema_matches(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the schema was created from the present contract."""
    stored = single_value(connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_LAYOUT_NAME])
    return bool(stored == _layout())


def _layout() -> str:
    statements = [
        *(statement for table in STAGING_TABLES for statement in table.statements()),
        *(statement for entity in ENTITIES for statement in _view(entity)),
    ]
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def _sync_table(connection: duckdb.DuckDBPyConnection, table: StagingTable) -> None:
    create, *comments = table.statements()
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
        connection.execute(create)
    for comment in comments:
        connection.execute(comment)


def _add_missing_columns(
    connection: duckdb.DuckDBPyConnection, table: StagingTable, found: dict[str, str]
) -> None:
    name = f"staging.{table.name}"
    known = {column.name for column in table.columns}
    for unknown in found.keys() - known:
        raise StagingLayoutError(name, unknown, "the contract does not know it; a newer cdp_etl may have added it")
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
    for (required,) in connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'staging' AND table_name = ?"
        " AND database_name = current_database() AND NOT is_nullable",
        [table.name],
    ).fetchall():
        if any(column.name == required and column.is_nullable for column in table.columns):
            connection.execute(f"ALTER TABLE {name} ALTER COLUMN {quoted(required)} DROP NOT NULL")


def _type_as_stored(connection: duckdb.DuckDBPyConnection, column: TableColumn) -> str:
    return str(single_value(connection, f"SELECT typeof(NULL::{column.type.duckdb})"))


def _view(entity: Entity) -> Sequence[str]:
    name = f"staging.{quoted(entity.table + '_current')}"
    columns = current_columns(entity)
    custom_fields = (
        f"nullif(coalesce(current_custom_fields, {_MERGED_IN_DUMP}), '{NO_CUSTOM_FIELDS}') AS custom_fields"
    )
    selected = ",\n  ".join(
        custom_fields if column.name == "custom_fields" else quoted(column.name) for column in columns
    )
    comment = f"The current, not deleted records of staging.{entity.table}, ignoredUpdateCfs applied."
    create = (
        f"CREATE OR REPLACE VIEW {name} AS SELECT\n  {selected}\nFROM staging.{quoted(entity.table)}\n"
        "WHERE is_current AND record_status IS DISTINCT FROM 'Deleted'"
    )
    return [
        create,
        f"COMMENT ON VIEW {name} IS {literal(comment)}",
        *(f"COMMENT ON COLUMN {name}.{quoted(c.name)} IS {literal(c.description)}" for c in columns),
    ]
