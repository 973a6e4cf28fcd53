"""Comparison of a dump with the previous load of its entity and date: counts of changed files and records.

The comparison runs before the rows of the previous load are replaced.
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
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of a dump from its previous load; in a first load everything is added.

    Attributes:
        files_added: Files whose path the previous load did not have.
        files_changed: Files of the same path with other bytes.
        files_removed: Files of the previous load that the dump does not have.
        records_added: Accepted records whose key the previous load did not have.
        records_changed: Accepted records of the same key with another delivered value.
        records_removed: Keys of the previous load that the dump does not have.
    """

    files_added: int
    files_changed: int
    files_removed: int
    records_added: int
    records_changed: int
    records_removed: int


@dataclass(frozen=True, slots=True)
class Removal:
    """Records of the previous load that a dump no longer has.

    Attributes:
        removed: Number of these records.
        loaded: Number of all records of the previous load.
    """

    removed: int
    loaded: int

    @property
    def share(self) -> float:
        """Share of the previous load."""
        return self.removed / self.loaded

    @property
    def finding(self) -> str:
        """Return the removal as a sentence."""
        return f"{self.removed} of {self.loaded} records that were loaded are no longer in this dump."

    def refusal(self, limit: float) -> str:
        """Return why the dump is not loaded, and what to do if it is right."""
        return (
            f"The delivery lacks {self.removed} of {self.loaded} loaded records, more than the share of {limit:g}"
            " that is allowed (CDP_ETL_MAX_REMOVED_SHARE). If that is right, load it with"
            " `cdp-etl run --accept-removal`."
        )


def removal(connection: duckdb.DuckDBPyConnection, difference: Difference) -> Removal | None:
    """Return what a dump removes, or None; needs the tables of `current_versions.find_versions`."""
    if not difference.records_removed:
        return None
    return Removal(difference.records_removed, _count(connection, "replaced"))


def compare_with_previous_load(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> Difference:
    """Compare a dump with its previous load; needs the tables of `current_versions.find_versions`."""
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


def _changed_records(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> int:
    """Return the number of common keys whose delivered content differs, by a 64-bit hash."""
    if not _count(connection, "replaced"):  # a first load need not read the dump
        return 0
    delivered = (*contract_columns(delivery.entity), CUSTOM_FIELDS, IGNORED_UPDATE_CFS, EXTRA_FIELDS)
    # Cast, because DuckDB's hash of a number depends on its type.
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
