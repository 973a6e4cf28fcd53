"""How a dump differs from what was loaded for its entity and date before: files and records, counted.

Put here the comparison, made while the former rows still stand, and the columns of the ledger that keep it. What a
load does about the difference stands in the modules of its steps.
"""

from dataclasses import dataclass

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import (
    CUSTOM_FIELDS,
    EXTRA_FIELDS,
    IGNORED_UPDATE_CFS,
    contract_columns,
)
from cdp_etl.warehouse.load.current_versions import accepted_records
from cdp_etl.warehouse.load.protocols import Delivery
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class Difference:
    """What a delivery adds to, changes in and takes from the load before; of a first load all is added.

    Attributes:
        files_added: Files of a path that the load before had not.
        files_changed: Files of the same path with other bytes.
        files_removed: Files that are no longer there.
        records_added: Accepted records of a key that the load before had not.
        records_changed: Accepted records of the same key of which a delivered field differs.
        records_removed: Keys that are no longer there.
    """

    files_added: int
    files_changed: int
    files_removed: int
    records_added: int
    records_changed: int
    records_removed: int


def difference(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> Difference:
    """Compare a delivery with what is loaded; it needs `incoming` and `replaced` (`versions.py`)."""
    before = dict(
        connection.execute(
            "SELECT path, sha256 FROM ops.dump_file WHERE entity = ? AND dump_date = ?",
            [delivery.entity.table, delivery.dump.dump_date],
        ).fetchall()
    )
    now = {file.path: file.sha256 for file in delivery.files}
    common = before.keys() & now.keys()
    return Difference(
        files_added=len(now.keys() - common),
        files_changed=sum(before[path] != now[path] for path in common),
        files_removed=len(before.keys() - common),
        records_added=_count(connection, "incoming ANTI JOIN replaced USING (key_hash, record_key)"),
        records_changed=_changed_records(connection, delivery),
        records_removed=_count(connection, "replaced ANTI JOIN incoming USING (key_hash, record_key)"),
    )


def _changed_records(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> int:
    """Count keys of both deliveries whose delivered content is not the same, by a hash of 64 bits."""
    if not _count(connection, "replaced"):  # a first load need not read its dump for this
        return 0
    delivered = (*contract_columns(delivery.entity), CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS)
    # Cast, since DuckDB hashes the same number differently in another type.
    content = ", ".join(f"{quoted(column.name)}::{column.type.duckdb}" for column in delivered)
    day = literal(str(delivery.dump.dump_date))
    return _count(
        connection,
        f"""
        (
          SELECT key_hash, record_key, hash({content}) AS content
          FROM {delivery.table}
          WHERE dump_date = DATE {day}
        ) AS before
        JOIN (SELECT key_hash, record_key, hash({content}) AS content FROM {accepted_records(delivery)}) AS now
          ON before.key_hash = now.key_hash
          AND before.record_key = now.record_key
          AND before.content <> now.content
        """,
    )


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    count: int = single_value(connection, f"SELECT count(*) FROM {rows}")
    return count
