"""Ids of a dump that are phones or e-mail addresses: they are added to `ops.contact_shaped_id`.

Normalization decides which ids are contacts and stores the decision with each record. Superseded records count as
well, because tables that outlive a record can name their ids. If a replay by other rules decides otherwise, the
published files of all months are out of date, although no row of a mart changes.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import HAS_CONTACT_CUSTOMER_ID, HAS_CONTACT_RECORD_ID
from cdp_etl.warehouse.load.current_versions import accepted_records
from cdp_etl.warehouse.load.protocols import DumpDelivery
from cdp_etl.warehouse.sql import single_value

_DECISIONS = "contact_decisions"
"""Name in `ops.metadata` of the newest load that changed decisions."""


def decisions(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return a text that changes if decisions about stored ids change."""
    found: str | None = single_value(
        connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_DECISIONS]
    )
    return found


def note_changed_decisions(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery, load_id: str) -> None:
    """Store the load if it decides otherwise for ids of the dump's previous load, which is still in place."""
    changed = f"stored.{HAS_CONTACT_RECORD_ID} <> delivered.{HAS_CONTACT_RECORD_ID}"
    if delivery.entity.has_customer:
        changed += (
            f" OR stored.{HAS_CONTACT_CUSTOMER_ID} <> delivered.{HAS_CONTACT_CUSTOMER_ID}"
            " AND stored.customer_id = delivered.customer_id"
        )
    are_changed = single_value(
        connection,
        f"""
        SELECT count(*) > 0
        FROM {delivery.table} AS stored
        INNER JOIN {accepted_records(delivery)} AS delivered USING (key_hash, record_key)
        WHERE stored.dump_date = ? AND ({changed})
        """,
        [delivery.dump.dump_date],
    )
    if are_changed:
        connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_DECISIONS])
        connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_DECISIONS, load_id])


def add(connection: duckdb.DuckDBPyConnection, delivery: DumpDelivery) -> None:
    """Add the ids of the dump's accepted and superseded records; ids that are there already stay."""
    for files in (delivery.dump.accepted_files, delivery.dump.superseded_files):
        if files:
            add_from(connection, delivery.entity, _parquet(files))


def add_from(connection: duckdb.DuckDBPyConnection, entity: Entity, records: str) -> None:
    """Add the ids of some records of an entity.

    Args:
        connection: Connection in a transaction.
        entity: The entity.
        records: SQL of a table with `lake_columns`.
    """
    connection.execute(
        f"""
        INSERT INTO ops.contact_shaped_id
        SELECT DISTINCT value
        FROM (
          SELECT unnest(list_filter(identifiers, lambda identifier: starts_with(identifier, 'c:'))) AS value
          FROM {records}
          WHERE {HAS_CONTACT_CUSTOMER_ID}
          UNION ALL
          SELECT unnest([record_key, {quoted(entity.own_id)}]) AS value
          FROM {records}
          WHERE {HAS_CONTACT_RECORD_ID}
        )
        ANTI JOIN ops.contact_shaped_id USING (value)
        """
    )


def _parquet(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(path)) for path in files)}])"
