"""Invariants that a load checks before its commit: record balance, unique keys, one current version per key.

The checks count rows of the tables in the transaction; they do not use the counters of the load.
"""

import duckdb

from cdp_etl.contract.table import lake_columns
from cdp_etl.warehouse.errors import LoadNotBalancedError, OutputOlderError
from cdp_etl.warehouse.load.current_versions import accepted_records, is_new_row_current
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.sql import single_value


def check_columns(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Check that the accepted records in the lake have all columns of the entity.

    Raises:
        OutputOlderError: If an older release wrote them, without a column.
    """
    delivered = connection.execute(f"DESCRIBE FROM {accepted_records(delivery)}").fetchall()
    missing = {column.name for column in lake_columns(delivery.entity)} - {name for name, *_ in delivered}
    if missing:
        raise OutputOlderError(delivery.entity.name, delivery.dump.dump_date, missing)


def check_records_balance(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Compare the counts of the dump with the rows in the tables.

    Raises:
        LoadNotBalancedError: If a table has another number of rows, or if
            `read = accepted + superseded + quarantined` is violated.
    """
    dump = delivery.dump
    is_of_dump = f"dump_date = DATE '{dump.dump_date}'"
    is_of_entity = f"entity = '{delivery.entity.table}' AND {is_of_dump}"
    for kind, expected, table, condition in (
        ("accepted", dump.accepted, delivery.table, is_of_dump),
        ("superseded", dump.superseded, "staging.superseded", is_of_entity),
        ("quarantined", dump.quarantined, "staging.quarantine", is_of_entity),
    ):
        found = single_value(connection, f"SELECT count(*) FROM {table} WHERE {condition}")
        if found != expected:
            raise _not_balanced(delivery, f"{expected} records were {kind}, but {table} has {found}")
    parts = dump.accepted + dump.superseded + dump.quarantined
    if dump.records_read != parts:
        raise _not_balanced(delivery, f"{dump.records_read} records were read, but {parts} were counted")


def check_keys_are_unique(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Check that no key occurs twice among the accepted records of the dump.

    Raises:
        LoadNotBalancedError: If a key occurs twice.
    """
    # Hashes are compared first; the keys are read only if two hashes are equal.
    duplicates = single_value(
        connection,
        """
        WITH suspect AS (SELECT key_hash FROM incoming GROUP BY key_hash HAVING count(*) > 1),
        duplicate AS (
          SELECT record_key FROM incoming SEMI JOIN suspect USING (key_hash)
          GROUP BY record_key HAVING count(*) > 1
        )
        SELECT count(*) FROM duplicate
        """,
    )
    if duplicates:
        raise _not_balanced(delivery, f"{duplicates} keys occur more than once among its accepted records")


def check_one_version_is_current(
    connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, rows_updated: int
) -> None:
    """Check that `plan` was applied, and that each affected key has one current version.

    Raises:
        LoadNotBalancedError: If not.
    """
    planned = single_value(connection, "SELECT count(*) FROM plan")
    if rows_updated != planned:
        raise _not_balanced(delivery, f"{planned} rows of other dumps should be updated, but {rows_updated} were")
    wrong = single_value(
        connection,
        f"""
        WITH version AS (
          SELECT key_hash, record_key, coalesce(becomes_current, is_current) AS is_current
          FROM other LEFT JOIN plan USING (row_id)
          UNION ALL
          SELECT key_hash, record_key, {is_new_row_current(delivery)}
          FROM incoming JOIN newest_other USING (key_hash, record_key)
        ), wrong AS (
          SELECT record_key FROM version GROUP BY record_key HAVING count_if(is_current) <> 1
        )
        SELECT count(*) FROM wrong
        """,
    )
    if wrong:
        raise _not_balanced(delivery, f"{wrong} keys would not have exactly one current version")


def _not_balanced(delivery: DumpDelivery, fact: str) -> LoadNotBalancedError:
    return LoadNotBalancedError(delivery.entity.name, delivery.dump.dump_date, fact)
