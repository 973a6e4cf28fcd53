"""How a warehouse file comes to the schema that this version works with.

Each migration stands for ever: files that were made by it exist. Put a change of `ops` or `marts` at the end of
`MIGRATIONS`; the staging tables follow the contract by themselves (`staging_tables.py`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import create_table
from cdp_etl.contract.table import MOMENT, WHOLE, TableColumn
from cdp_etl.warehouse.errors import WarehouseNewerError
from cdp_etl.warehouse.load.redelivery import LOAD_WITH_DIFFERENCE, add_difference
from cdp_etl.warehouse.load.rejection_counts import LOAD_REASON, add_load_reasons
from cdp_etl.warehouse.schema import staging_tables
from cdp_etl.warehouse.schema.ops_tables import FIRST_OPS_TABLES, LOAD, OpsTable
from cdp_etl.warehouse.schema.v4_mart_storage import keep_marts_apart
from cdp_etl.warehouse.sql import single_value, transaction

SCHEMA_VERSION_COLUMNS = (
    TableColumn("version", WHOLE, "Number of the migration, from 1.", is_nullable=False),
    TableColumn("applied_at", MOMENT, "When it was applied, UTC.", is_nullable=False),
)


OPS_TABLES: tuple[OpsTable, ...] = (
    *(LOAD_WITH_DIFFERENCE if table is LOAD else table for table in FIRST_OPS_TABLES),
    LOAD_REASON,
)
"""What schema `ops` holds after every migration, beside `schema_version`."""


def _first_schema(_connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        "CREATE SCHEMA staging",
        "CREATE SCHEMA marts",
        *(statement for table in FIRST_OPS_TABLES for statement in table.statements()),
    ]


MIGRATIONS: Sequence[Callable[[duckdb.DuckDBPyConnection], list[str]]] = (
    _first_schema,
    add_load_reasons,
    add_difference,
    keep_marts_apart,
)
"""Each gives its statements, having looked at the file where it must; the first is version 1."""


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the file to this version's schema, wholly or not at all.

    Raises:
        WarehouseNewerError: where a newer version made the file.
        StagingLayoutError: where staging differs from the contract in a way that needs a migration.
    """
    if is_up_to_date(connection, path):
        return
    with transaction(connection):
        version = schema_version(connection, path)
        if version == 0:
            connection.execute("CREATE SCHEMA ops")
            for statement in create_table(
                "ops", "schema_version", SCHEMA_VERSION_COLUMNS, "One migration that was applied to this file."
            ):
                connection.execute(statement)
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in migration(connection):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO ops.schema_version BY NAME SELECT ? AS version, now() AS applied_at", [number]
            )
        staging_tables.keep_staging_in_step(connection)


def is_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Tell whether the file has this version's schema.

    Raises:
        WarehouseNewerError: where a newer version made the file.
    """
    return schema_version(connection, path) == len(MIGRATIONS) and staging_tables.is_in_step(connection)


def schema_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Give the number of the newest migration that was applied; 0 where the file is none of ours.

    Raises:
        WarehouseNewerError: where a newer version made the file.
    """
    exists = single_value(
        connection,
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'schema_version'"
        " AND database_name = current_database()",
    )
    if not exists:
        return 0
    version: int = single_value(connection, "SELECT coalesce(max(version), 0) FROM ops.schema_version")
    if version > len(MIGRATIONS):
        raise WarehouseNewerError(path, version, len(MIGRATIONS))
    return version
