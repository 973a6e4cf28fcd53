"""Versions of the keys of a dump, and the choice of the current version.

The version of the newest dump date is current, in whatever order dumps are loaded. Only affected keys are read:
keys of the dump, and keys of its previous load. So the cost depends on the size of the dump; only the scan of
`key_hash` depends on the length of the history.

Temporary tables created here and read by the other steps of a load:

- `incoming`: keys of the dump.
- `replaced`: rows of its previous load.
- `affected`: the keys of both, each once.
- `other`: rows of these keys from other dumps.
- `newest_other`: the newest dump date among these rows, per key.
- `plan`: rows of `other` that the load changes, with their new values.
"""

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import lake_columns
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.schema.staging_tables import delivered_custom_fields
from cdp_etl.warehouse.sql import single_value

IGNORED = "coalesce(folded_ignored_update_cfs, ignored_update_cfs, [])"
"""SQL of the names of custom fields that a version, or the merged versions of one dump, must not change."""

_FEED_COLUMNS = ("company_id", "activity_date", "customer_key", "identifiers", "product_sku", "campaign_id")


def find_versions(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Create the temporary tables of the affected keys."""
    _find_affected(connection, delivery)
    _find_others(connection, delivery)


def feed_columns(entity: Entity) -> list[str]:
    """Return the columns that the change feed copies from a record, if the entity has them."""
    columns = {column.name for column in lake_columns(entity)}
    return [column for column in _FEED_COLUMNS if column in columns]


def accepted_records(delivery: DumpDelivery) -> str:
    """Return the SQL of the accepted records in the lake; without files it has no rows."""
    if not delivery.dump.accepted_files:
        return f"(FROM {delivery.table} LIMIT 0)"
    files = ", ".join(literal(str(path)) for path in delivery.dump.accepted_files)
    return f"read_parquet([{files}])"


def _find_affected(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    connection.execute(
        f"CREATE TEMP TABLE incoming AS SELECT key_hash, record_key FROM {accepted_records(delivery)}"
    )
    connection.execute(
        "CREATE TEMP TABLE replaced AS SELECT rowid AS row_id, key_hash, record_key, is_current"
        f" FROM {delivery.table} WHERE dump_date = ?",
        [delivery.dump.dump_date],
    )
    connection.execute(
        """
        CREATE TEMP TABLE affected AS
        FROM incoming
        UNION ALL
        SELECT key_hash, record_key FROM replaced ANTI JOIN incoming USING (key_hash, record_key)
        """
    )


def _find_others(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    # Two steps: the first reads 8 bytes per row of the history, the second only the rows found. In one step DuckDB
    # reads all columns of the whole history. The columns of the change feed are read here too, because a second
    # read of rows scattered over the history is expensive.
    connection.execute(
        f"""
        CREATE TEMP TABLE candidate AS
        SELECT version.rowid AS row_id
        FROM {delivery.table} AS version
        SEMI JOIN affected USING (key_hash)
        WHERE version.dump_date <> ?
        """,
        [delivery.dump.dump_date],
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE other AS
        SELECT
          version.rowid AS row_id,
          key_hash,
          record_key,
          dump_date,
          is_current,
          current_custom_fields,
          record_status,
          record_status IS NOT DISTINCT FROM 'Deleted' AS is_deleted,
          {delivered_custom_fields()} AS delivered_custom_fields,
          {IGNORED} AS ignored,
          {", ".join(feed_columns(delivery.entity))}
        FROM {delivery.table} AS version
        SEMI JOIN candidate ON version.rowid = candidate.row_id
        SEMI JOIN affected USING (key_hash, record_key)
        """
    )
    connection.execute(
        "CREATE TEMP TABLE newest_other AS"
        " SELECT key_hash, record_key, max(dump_date) AS dump_date FROM other GROUP BY key_hash, record_key"
    )


def is_new_row_current(delivery: DumpDelivery) -> str:
    """Return the SQL condition under which the row of the dump is current; it needs a join with `newest_other`."""
    return f"coalesce(newest_other.dump_date < DATE '{delivery.dump.dump_date}', true)"


def plan_others(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Create the table `plan`: rows of other dumps that this load changes, with their new values.

    It needs the table `merged` (`custom_field_merge.py`).
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE plan AS
        SELECT
          other.row_id,
          other.is_current AS was_current,
          other.is_deleted,
          other.dump_date = newest_other.dump_date
            AND (incoming.record_key IS NULL OR NOT {is_new_row_current(delivery)}) AS becomes_current,
          other.current_custom_fields AS custom_fields_before,
          CASE WHEN becomes_current THEN merged.current_custom_fields END AS custom_fields_after
        FROM other
        JOIN newest_other USING (key_hash, record_key)
        LEFT JOIN incoming USING (key_hash, record_key)
        LEFT JOIN merged USING (key_hash, record_key)
        WHERE was_current <> becomes_current OR custom_fields_before IS DISTINCT FROM custom_fields_after
        """
    )


def count_restored_versions(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of keys whose older version is current again, because the dump lacks the newer one."""
    count: int = single_value(
        connection, "SELECT count(*) FROM plan WHERE becomes_current AND NOT was_current AND NOT is_deleted"
    )
    return count
