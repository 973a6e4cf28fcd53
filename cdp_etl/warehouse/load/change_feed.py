"""Change feed of a load: the current, not deleted row of each affected key, before and after the load.

Marts are refreshed from these rows. Both images are written in the transaction of the load, `before` ahead of the
change of the staging rows.
"""

from typing import Literal

import duckdb

from cdp_etl.warehouse.load.current_versions import accepted_records, feed_columns, is_new_row_current
from cdp_etl.warehouse.load.ledger import LoadAttempt
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.sql import single_value


def write_before(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, attempt: LoadAttempt) -> None:
    """Write the rows of the affected keys that are current before the load, from any dump."""
    _write(connection, delivery, attempt, "before", "FROM other AS version WHERE version.is_current")
    replaced = f"""
        FROM {delivery.table} AS version
        WHERE version.dump_date = DATE '{delivery.dump.dump_date}' AND version.is_current
    """
    _write(connection, delivery, attempt, "before", replaced)


def write_after(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, attempt: LoadAttempt) -> None:
    """Write the rows of the affected keys that are current after the load."""
    becomes_current = """
        FROM other AS version
        LEFT JOIN plan USING (row_id)
        WHERE coalesce(plan.becomes_current, version.is_current)
    """
    _write(connection, delivery, attempt, "after", becomes_current)
    new_rows = f"""
        FROM {accepted_records(delivery)} AS version
        LEFT JOIN newest_other USING (key_hash, record_key)
        WHERE {is_new_row_current(delivery)}
    """
    _write(connection, delivery, attempt, "after", new_rows)


def count_changed_keys(connection: duckdb.DuckDBPyConnection, attempt: LoadAttempt) -> int:
    """Return the number of keys that the load wrote to the feed."""
    count: int = single_value(
        connection, "SELECT count(DISTINCT record_key) FROM ops.change_feed WHERE load_seq = ?", [attempt.load_seq]
    )
    return count


def _write(
    connection: duckdb.DuckDBPyConnection,
    delivery: DumpDelivery,
    attempt: LoadAttempt,
    image: Literal["before", "after"],
    rows: str,
) -> None:
    connection.execute(
        f"""
        INSERT INTO ops.change_feed BY NAME
        SELECT
          $load_id AS load_id,
          $load_seq AS load_seq,
          $entity AS entity,
          $image AS image,
          version.record_key,
          version.key_hash,
          {", ".join(f"version.{column}" for column in feed_columns(delivery.entity))}
        {rows}
          AND version.record_status IS DISTINCT FROM 'Deleted'
        """,
        {
            "load_id": attempt.load_id,
            "load_seq": attempt.load_seq,
            "entity": delivery.entity.table,
            "image": image,
        },
    )
