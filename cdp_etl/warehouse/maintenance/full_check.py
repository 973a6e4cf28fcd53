"""Full check of staging: invariants over all rows, not only over affected keys, and equality with the lake.

The check reads all of staging and of the lake, so it runs weekly and by `cdp-etl check --full`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.duckdb_facts import damage_fact
from cdp_etl.warehouse.load import consent_statements
from cdp_etl.warehouse.load.lake_comparison import differences
from cdp_etl.warehouse.load.protocols import FindDump
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class StoredDataResult:
    """Result of one check of the stored data of an entity, or of a mart in the snapshot.

    Attributes:
        place: Where the data is: archive, lake, staging or snapshot.
        check: Name of the check: files_are_intact of archive, lake and snapshot; key_is_unique,
            newest_version_is_current, records_balance, equals_lake or statements_are_stored of staging.
        entity: The entity, by the name of its table, or the mart.
        violations: Number of keys, dumps, outputs or files that violate the check.
        sentence: The result in a sentence.
    """

    place: Literal["archive", "lake", "staging", "snapshot"]
    check: str
    entity: str
    violations: int
    sentence: str

    @property
    def passed(self) -> bool:
        """True if nothing violates the check."""
        return self.violations == 0


def check_full(warehouse: Warehouse, find_dump: FindDump) -> list[StoredDataResult]:
    """Check keys, current versions, record balance, equality with the lake and consent statements of every entity.

    Args:
        warehouse: The warehouse.
        find_dump: Returns a dump from the lake.

    Raises:
        WarehouseMissingError: If the warehouse does not exist.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.reading() as connection:
        return [
            result
            for entity in ENTITIES
            for result in (*_check_entity(connection, entity), _compare_with_lake(connection, entity, find_dump))
        ]


def _check_entity(connection: duckdb.DuckDBPyConnection, entity: Entity) -> Iterator[StoredDataResult]:
    duplicates = single_value(connection, f"SELECT count(*) FROM ({_DUPLICATE_KEYS.format(table=entity.table)})")
    yield StoredDataResult(
        "staging", "key_is_unique", entity.table, duplicates, f"{duplicates} keys occur more than once in a dump."
    )
    wrong = single_value(connection, f"SELECT count(*) FROM ({_NOT_NEWEST.format(table=entity.table)})")
    yield StoredDataResult(
        "staging",
        "newest_version_is_current",
        entity.table,
        wrong,
        f"{wrong} keys do not have exactly their newest version marked as current.",
    )
    unbalanced = connection.execute(_UNBALANCED.format(table=entity.table)).fetchall()
    dumps = ", ".join(str(dump_date) for (dump_date,) in unbalanced[:_DUMPS_NAMED])
    yield StoredDataResult(
        "staging",
        "records_balance",
        entity.table,
        len(unbalanced),
        f"{len(unbalanced)} dumps have other counts than the ledger{': ' if dumps else ''}{dumps}.",
    )
    if entity.table in consent_statements.STATING_ENTITIES:
        made = consent_statements.statements(entity, f"staging.{entity.table}")
        missing = single_value(
            connection,
            f"""
            SELECT count(*) FROM ({made}) AS made
            ANTI JOIN (FROM staging.consent_statement WHERE entity = {literal(entity.table)}) AS stored
              ON
                made.company_id = stored.company_id
                AND made.contact = stored.contact
                AND made.channel = stored.channel
                AND made.stated_at = stored.stated_at
                AND made.record_key = stored.record_key
                AND made.dump_date = stored.dump_date
                AND made.is_given IS NOT DISTINCT FROM stored.is_given
                AND made.event_type IS NOT DISTINCT FROM stored.event_type
            """,
        )
        yield StoredDataResult(
            "staging",
            "statements_are_stored",
            entity.table,
            missing,
            f"{missing} consent statements are not stored.",
        )


def _compare_with_lake(
    connection: duckdb.DuckDBPyConnection, entity: Entity, find_dump: FindDump
) -> StoredDataResult:
    """Compare each loaded dump with the lake. Dumps that the lake lacks, as after a restore, are counted only."""
    different, missing = [], 0
    loaded = connection.execute(_IN_PLACE, [entity.table]).fetchall()
    for dump_date, fingerprint in loaded:
        dump = find_dump(entity, dump_date, fingerprint)
        if dump is None:
            missing += 1
            continue
        try:
            facts = differences(connection, entity, dump, compares_days=False)
            different += [f"{dump_date}: {fact}" for fact in facts]
        except duckdb.Error as error:
            if damage_fact(error) is not None:
                raise  # the warehouse itself is damaged
            different.append(f"{dump_date}: the lake cannot be read ({type(error).__name__})")
    named = "; ".join(different[:_DUMPS_NAMED])
    return StoredDataResult(
        "staging",
        "equals_lake",
        entity.table,
        len(different),
        f"{len(different)} tables of dumps differ from the lake{': ' if named else ''}{named}."
        f" {len(loaded) - missing} dumps were compared, {missing} are not in the lake.",
    )


_DUMPS_NAMED = 10

_IN_PLACE = """
    SELECT dump_date, arg_max(content_fingerprint, load_seq)
    FROM ops.load
    WHERE entity = ? AND status = 'loaded'
    GROUP BY dump_date
    ORDER BY dump_date
"""

# Hashes are compared first, at 8 bytes per row; the keys are read only if a hash occurs more than once.
_DUPLICATE_KEYS = """
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
