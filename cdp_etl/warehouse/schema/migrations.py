"""Migration of a warehouse file to the schema of this version.

A migration is never changed, because files that it created exist: it names tables as they were called then.
Append a change of `ops` or `marts` to `MIGRATIONS`. The staging tables follow the contract without a migration
(`staging_tables.py`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from cdp_etl.warehouse.errors import WarehouseNewerError
from cdp_etl.warehouse.schema import consent_backfill, staging_tables
from cdp_etl.warehouse.schema.ops_tables import ops_comments
from cdp_etl.warehouse.schema.v1_to_v3_ops_tables import add_difference, add_load_reason, create_first_schemas
from cdp_etl.warehouse.schema.v4_mart_storage import add_mart_storage
from cdp_etl.warehouse.schema.v5_standard_names import use_standard_names
from cdp_etl.warehouse.schema.v6_folded_names import add_folded_names
from cdp_etl.warehouse.schema.v7_contact_shaped_ids import add_contact_shaped_ids
from cdp_etl.warehouse.schema.v8_consent_statements import count_refusals_without_contact
from cdp_etl.warehouse.schema.v9_missing_dumps import rename_empty_status
from cdp_etl.warehouse.sql import single_value, transaction

MIGRATIONS: Sequence[Callable[[duckdb.DuckDBPyConnection], list[str]]] = (
    create_first_schemas,
    add_load_reason,
    add_difference,
    add_mart_storage,
    use_standard_names,
    add_folded_names,
    add_contact_shaped_ids,
    count_refusals_without_contact,
    rename_empty_status,
)
"""Each function reads the file if it needs to and returns the statements to execute; the first is version 1."""


def migrate(
    connection: duckdb.DuckDBPyConnection, path: Path, phone_region: str, lake: Path | None = None
) -> None:
    """Migrate the file to the schema of this version, in one transaction.

    Args:
        connection: Connection to the file.
        path: The file, for messages.
        phone_region: The region of phones without a country code, for migrations that read stored ids.
        lake: Root of the normalized lake, which has the records of earlier loads; None if there is none.

    Raises:
        WarehouseNewerError: If a newer version wrote the file.
        StagingLayoutError: If staging differs from the contract in a way that needs a migration.
    """
    if is_up_to_date(connection, path):
        return
    connection.execute("SET VARIABLE phone_region = ?", [phone_region])
    with transaction(connection):
        version = schema_version(connection, path)
        if version == 0:
            connection.execute("CREATE SCHEMA ops")
            connection.execute(
                "CREATE TABLE ops.schema_version (version BIGINT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)"
            )
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in migration(connection):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO ops.schema_version BY NAME SELECT ? AS version, now() AS applied_at", [number]
            )
        for comment in ops_comments():
            connection.execute(comment)
        staging_tables.sync_staging_schema(connection)
        if 0 < version < consent_backfill.SCHEMA_VERSION:
            consent_backfill.fill(connection, lake)
            consent_backfill.add_contact_ids(connection, phone_region)


def is_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Return whether the file has the schema of this version.

    Raises:
        WarehouseNewerError: If a newer version wrote the file.
    """
    is_newest = schema_version(connection, path) == len(MIGRATIONS)
    return is_newest and staging_tables.staging_schema_matches(connection)


def schema_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the number of the newest applied migration, or 0 if the file is not a warehouse.

    Raises:
        WarehouseNewerError: If a newer version wrote the file.
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
