"""Which versions of a key compete, and which of them is current once a dump is in place.

The newest dump date wins, whatever order dumps are loaded in. Only keys that the dump touches are looked at: those
it brings, and those that it brought when it was loaded before. Cost follows the dump: the one thing that grows
with the history is a scan of `key_hash`.

The temporary tables made here are read by the other steps of a load:
`incoming` (keys it brings), `replaced` (rows it put there before), `touched` (both, each key once),
`other` (rows of these keys from other dumps), `newest_other` (the newest dump date among them, a key).
"""

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import lake_columns
from cdp_etl.warehouse.load.protocols import Delivery
from cdp_etl.warehouse.schema.staging_tables import delivered_custom_fields
from cdp_etl.warehouse.sql import single_value

IGNORED = "coalesce(folded_ignored_update_cfs, ignored_update_cfs, [])"
"""Names that a version, or those of one dump folded, must not change."""

_FEED_FACTS = ("company_id", "activity_date", "customer_key", "identifiers", "product_sku", "campaign_id")


def find_versions(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Make the temporary tables of the keys that a dump touches."""
    _find_touched(connection, delivery)
    _find_others(connection, delivery)


def feed_facts(entity: Entity) -> list[str]:
    """Give the columns that the change feed tells of a record, as far as the entity has them."""
    columns = {column.name for column in lake_columns(entity)}
    return [fact for fact in _FEED_FACTS if fact in columns]


def accepted_records(delivery: Delivery) -> str:
    """Give the SQL of the accepted records in the lake; no files are no rows."""
    if not delivery.dump.accepted_files:
        return f"(FROM {delivery.table} LIMIT 0)"
    files = ", ".join(literal(str(path)) for path in delivery.dump.accepted_files)
    return f"read_parquet([{files}])"


def _find_touched(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
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
        CREATE TEMP TABLE touched AS
        FROM incoming
        UNION ALL
        SELECT key_hash, record_key FROM replaced ANTI JOIN incoming USING (key_hash, record_key)
        """
    )


def _find_others(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    # Two steps: the first reads 8 bytes a row of the history, the second only the rows found. In one step DuckDB
    # reads all columns of the whole history. What the change feed needs of these rows is fetched here too, since
    # rows scattered over the history are dear to come back to.
    connection.execute(
        f"""
        CREATE TEMP TABLE candidate AS
        SELECT version.rowid AS row_id
        FROM {delivery.table} AS version
        SEMI JOIN touched USING (key_hash)
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
          {", ".join(feed_facts(delivery.entity))}
        FROM {delivery.table} AS version
        SEMI JOIN candidate ON version.rowid = candidate.row_id
        SEMI JOIN touched USING (key_hash, record_key)
        """
    )
    connection.execute(
        "CREATE TEMP TABLE newest_other AS"
        " SELECT key_hash, record_key, max(dump_date) AS dump_date FROM other GROUP BY key_hash, record_key"
    )


def is_new_row_current(delivery: Delivery) -> str:
    """Give the SQL that tells whether the dump's row of a key is current; it reads `newest_other`, joined."""
    return f"coalesce(newest_other.dump_date < DATE '{delivery.dump.dump_date}', true)"


def plan_others(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Make the table `plan`: rows of other dumps of which this load changes something, and to what.

    It needs the table `folded` (`folding.py`).
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
          CASE WHEN becomes_current THEN folded.current_custom_fields END AS custom_fields_after
        FROM other
        JOIN newest_other USING (key_hash, record_key)
        LEFT JOIN incoming USING (key_hash, record_key)
        LEFT JOIN folded USING (key_hash, record_key)
        WHERE was_current <> becomes_current OR custom_fields_before IS DISTINCT FROM custom_fields_after
        """
    )


def restored_versions(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the keys that come back in an older version, since this dump no longer holds their newer one."""
    count: int = single_value(
        connection, "SELECT count(*) FROM plan WHERE becomes_current AND NOT was_current AND NOT is_deleted"
    )
    return count
