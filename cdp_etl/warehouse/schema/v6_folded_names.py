"""Migration 6: folded names of actions and events in staging, filled from the delivered names.

Never changed: warehouse files made by this migration exist. The columns are rewritten in one pass without an
UPDATE, whose undo log would hold the whole column in memory. The marts read other columns than before, so their
next run rebuilds them.
"""

import duckdb

from cdp_etl.warehouse.fold_function import ensure_fold_function
from cdp_etl.warehouse.sql import single_value

_NAMES = {"customer_product_activity": "action", "email_interaction": "event", "sms_interaction": "event"}
"""Column with the delivered name, by staging table."""


def add_folded_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration; a new file has no staging tables yet."""
    found = {table: name for table, name in _NAMES.items() if _exists(connection, table)}
    if found:
        ensure_fold_function(connection)
    return [
        statement
        for table, name in found.items()
        for statement in (
            f"ALTER TABLE staging.{table} ADD COLUMN IF NOT EXISTS {name}_folded VARCHAR",
            f"ALTER TABLE staging.{table} ALTER COLUMN {name}_folded TYPE VARCHAR USING fold_name({name})",
        )
    ]


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(
        single_value(
            connection,
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'staging' AND table_name = ?"
            " AND database_name = current_database()",
            [table],
        )
    )
