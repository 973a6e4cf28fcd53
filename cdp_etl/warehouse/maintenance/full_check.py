"""What must hold over all of staging, not only over the keys that a load touches (RULINGS 21).

It reads everything; it is for once a week, and for `cdp-etl check --full`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one entity's staging.

    Attributes:
        check: The fact: key_is_unique, newest_version_is_current, records_balance.
        entity: The entity, by its table's name.
        violations: How many keys or dumps it does not hold for.
        sentence: What was looked at and found, for a person.
    """

    check: str
    entity: str
    violations: int
    sentence: str

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.violations == 0


def check_full(warehouse: Warehouse) -> list[Finding]:
    """Check uniqueness, currency and balance of every entity.

    Raises:
        WarehouseMissingError: where there is no warehouse.
        WarehouseLockedError: where it was not to be had in time.
    """
    with warehouse.reading() as connection:
        return [finding for entity in ENTITIES for finding in _findings(connection, entity)]


def _findings(connection: duckdb.DuckDBPyConnection, entity: Entity) -> Iterator[Finding]:
    twice = single_value(connection, f"SELECT count(*) FROM ({_KEYS_TWICE.format(table=entity.table)})")
    yield Finding("key_is_unique", entity.table, twice, f"{twice} keys come more than once in a dump.")
    wrong = single_value(connection, f"SELECT count(*) FROM ({_NOT_NEWEST.format(table=entity.table)})")
    yield Finding(
        "newest_version_is_current",
        entity.table,
        wrong,
        f"{wrong} keys have not exactly their newest version marked as current.",
    )
    unbalanced = connection.execute(_UNBALANCED.format(table=entity.table)).fetchall()
    dumps = ", ".join(str(dump_date) for (dump_date,) in unbalanced[:_DUMPS_NAMED])
    yield Finding(
        "records_balance",
        entity.table,
        len(unbalanced),
        f"{len(unbalanced)} dumps hold other counts than the ledger says{': ' if dumps else ''}{dumps}.",
    )


_DUMPS_NAMED = 10

# By the hash first: 8 bytes a row; the keys themselves are read only where a hash comes more than once.
_KEYS_TWICE = """
    WITH suspect AS (
      SELECT key_hash, dump_date FROM staging.{table} GROUP BY key_hash, dump_date HAVING count(*) > 1
    )
    SELECT record_key, dump_date
    FROM staging.{table} SEMI JOIN suspect USING (key_hash, dump_date)
    GROUP BY record_key, dump_date
    HAVING count(*) > 1
"""

_NOT_NEWEST = """
    WITH suspect AS (
      SELECT key_hash
      FROM staging.{table}
      GROUP BY key_hash
      HAVING count_if(is_current) <> 1 OR max(dump_date) <> max(dump_date) FILTER (is_current)
    )
    SELECT record_key
    FROM staging.{table} SEMI JOIN suspect USING (key_hash)
    GROUP BY record_key
    HAVING count_if(is_current) <> 1 OR max(dump_date) <> max(dump_date) FILTER (is_current)
"""

_UNBALANCED = """
    WITH expected AS (
      SELECT
        dump_date,
        arg_max(accepted, load_seq) AS accepted,
        arg_max(superseded, load_seq) AS superseded,
        arg_max(quarantined, load_seq) AS quarantined,
        arg_max(records_read, load_seq) AS records_read
      FROM ops.load
      WHERE entity = '{table}' AND status = 'loaded'
      GROUP BY dump_date
    ), accepted AS (
      SELECT dump_date, count(*) AS records FROM staging.{table} GROUP BY dump_date
    ), superseded AS (
      SELECT dump_date, count(*) AS records FROM staging.superseded WHERE entity = '{table}' GROUP BY dump_date
    ), quarantined AS (
      SELECT dump_date, count(*) AS records FROM staging.quarantine WHERE entity = '{table}' GROUP BY dump_date
    )
    SELECT dump_date
    FROM expected
    FULL JOIN accepted USING (dump_date)
    FULL JOIN superseded USING (dump_date)
    FULL JOIN quarantined USING (dump_date)
    WHERE expected.accepted IS DISTINCT FROM coalesce(accepted.records, 0)
      OR expected.superseded IS DISTINCT FROM coalesce(superseded.records, 0)
      OR expected.quarantined IS DISTINCT FROM coalesce(quarantined.records, 0)
      OR expected.records_read <> expected.accepted + expected.superseded + expected.quarantined
    ORDER BY dump_date
"""
