"""What must hold before a load is committed: the conservation law, and one current version a key.

Counted in the tables as they stand in the transaction, not taken from what the load believes it did.
"""

import duckdb

from cdp_etl.warehouse.errors import LoadNotBalancedError
from cdp_etl.warehouse.load.current_versions import is_new_row_current
from cdp_etl.warehouse.load.protocols import Delivery
from cdp_etl.warehouse.sql import single_value


def check_records_balance(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Compare what was read with what is in the tables (conservation law).

    Raises:
        LoadNotBalancedError: where `read = accepted + superseded + quarantined` does not hold.
    """
    dump = delivery.dump
    of_the_dump = f"dump_date = DATE '{dump.dump_date}'"
    of_the_entity = f"entity = '{delivery.entity.table}' AND {of_the_dump}"
    for fact, expected, table, condition in (
        ("accepted", dump.accepted, delivery.table, of_the_dump),
        ("superseded", dump.superseded, "staging.superseded", of_the_entity),
        ("quarantined", dump.quarantined, "staging.quarantine", of_the_entity),
    ):
        found = single_value(connection, f"SELECT count(*) FROM {table} WHERE {condition}")
        if found != expected:
            raise _not_balanced(delivery, f"{expected} records were {fact}, {found} came to be in {table}")
    parts = dump.accepted + dump.superseded + dump.quarantined
    if dump.records_read != parts:
        raise _not_balanced(delivery, f"{dump.records_read} records were read, {parts} were placed somewhere")


def check_keys_are_unique(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Make sure that no key comes twice among the accepted records of the dump.

    Raises:
        LoadNotBalancedError: where one does.
    """
    # By the hash first: the keys themselves are only looked at where two hashes are the same.
    twice = single_value(
        connection,
        """
        WITH suspect AS (SELECT key_hash FROM incoming GROUP BY key_hash HAVING count(*) > 1),
        twice AS (
          SELECT record_key FROM incoming SEMI JOIN suspect USING (key_hash)
          GROUP BY record_key HAVING count(*) > 1
        )
        SELECT count(*) FROM twice
        """,
    )
    if twice:
        raise _not_balanced(delivery, f"{twice} keys come more than once among its accepted records")


def check_one_version_is_current(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, rows_updated: int
) -> None:
    """Make sure that the plan leaves each touched key one current version, and was carried out.

    Raises:
        LoadNotBalancedError: where it does not, or was not.
    """
    planned = single_value(connection, "SELECT count(*) FROM plan")
    if rows_updated != planned:
        raise _not_balanced(delivery, f"{planned} rows of other dumps were to be updated, {rows_updated} were")
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


def _not_balanced(delivery: Delivery, fact: str) -> LoadNotBalancedError:
    return LoadNotBalancedError(delivery.entity.name, delivery.dump.dump_date, fact)
