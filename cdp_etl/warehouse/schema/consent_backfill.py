"""Consent statements of the loads before schema version 8.

The lake has the accepted and the superseded records of every load whose output was not pruned, replaced deliveries
included. Without the output of the load in place, or if it is damaged, its accepted records are read from staging,
and its superseded ones are missing: the dump is a gap. Loading the dump again, from the archive, closes the gap.
"""

import json
import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse.load import consent_statements
from cdp_etl.warehouse.sql import single_value

if TYPE_CHECKING:  # the connection runs the migrations
    from cdp_etl.warehouse.connection import Warehouse

SCHEMA_VERSION: Final = 8
"""Schema version that introduced the statements."""

_GAPS: Final = "consent_gaps"
_logger = logging.getLogger(__name__)

Gap = tuple[str, date]
"""Entity, by its table's name, and dump date."""


def fill(connection: duckdb.DuckDBPyConnection, lake: Path | None) -> None:
    """Write the statements of all loads in the ledger; call it in the transaction of the migration."""
    gaps: list[Gap] = []
    for entity, dump_date, load_seq, records, is_gap in _stated_loads(connection, lake):
        gaps += [(entity.table, dump_date)] if is_gap else []
        if records is not None:
            consent_statements.write(connection, entity, records, load_seq)
    _store_gaps(connection, gaps)
    if gaps:
        _logger.warning(
            "The lake lacks the normalized records of %d dumps, so consent statements of their superseded records"
            " are missing. `cdp-etl consent refill` reads these dumps from the archive.",
            len(gaps),
        )


def _stated_loads(
    connection: duckdb.DuckDBPyConnection, lake: Path | None
) -> Iterator[tuple[Entity, date, int, str | None, bool]]:
    """Yield the loads whose records are found: entity, dump date, load, SQL of the records, whether some are lost.

    The records are those of the lake; of a load in place without them, the accepted ones in staging.
    """
    loads = connection.execute(
        """
        SELECT
          entity,
          dump_date,
          load_seq,
          content_fingerprint,
          accepted + superseded AS records,
          superseded,
          load_seq = max(load_seq) OVER (PARTITION BY entity, dump_date) AS is_in_place
        FROM ops.load
        WHERE status = 'loaded' AND list_contains(?, entity)
        ORDER BY load_seq
        """,
        [list(consent_statements.STATING_ENTITIES)],
    ).fetchall()
    entities = {entity.table: entity for entity in ENTITIES}
    for table, dump_date, load_seq, fingerprint, count, superseded, is_in_place in loads:
        output = None if lake is None else lake / table / dump_date.isoformat() / fingerprint
        files = [] if output is None else [file for part in _PARTS for file in sorted(output.glob(part))]
        records = consent_statements.records_in(files)
        if _number_of_records(entities[table], records) == count:
            yield entities[table], dump_date, load_seq, records, False
        elif is_in_place:
            staged = f"(FROM staging.{table} WHERE dump_date = DATE '{dump_date}')"
            yield entities[table], dump_date, load_seq, staged, bool(superseded)


def add_statements_of_events(connection: duckdb.DuckDBPyConnection, lake: Path | None) -> None:
    """Write the statements that events make by the vocabulary in force, and that are not stored.

    Call it in the transaction that changes the vocabulary. Superseded records of a pruned lake are not found.
    """
    for entity, _, load_seq, records, _ in _stated_loads(connection, lake):
        if entity.has_events and records is not None:
            consent_statements.write(connection, entity, records, load_seq, only_missing=True)


def add_contact_ids(connection: duckdb.DuckDBPyConnection, phone_region: str) -> None:
    """Add the ids in the statements that are contacts to `ops.contact_shaped_id`, as a load does.

    Args:
        connection: Connection in the transaction of the migration.
        phone_region: The region of phones without a country code.
    """
    from cdp_etl.normalize.contact_shape import is_contact  # noqa: PLC0415 - it loads compiled code

    found = [pl.Series("value", dtype=pl.String())]
    for ids in (_CUSTOMER_IDS, _RECORD_IDS):
        for batch in connection.sql(ids).to_arrow_reader():
            stored, own_id = (pl.Series("value", column, dtype=pl.String()) for column in batch.columns)
            found.append(stored.filter(is_contact(own_id, phone_region)))
    connection.register("found_contact", pl.concat(found).unique().to_frame())
    connection.execute(
        "INSERT INTO ops.contact_shaped_id FROM found_contact ANTI JOIN ops.contact_shaped_id USING (value)"
    )
    connection.unregister("found_contact")


_CUSTOMER_IDS: Final = r"""
    SELECT contact, unnest([contact[3:], regexp_replace(contact[3:], '^(?:[^|\\]|\\.)*\|', '')])
    FROM (SELECT DISTINCT contact FROM staging.consent_statement WHERE starts_with(contact, 'c:'))
"""
"""Each customer id, also without the system's name before it."""

_RECORD_IDS: Final = r"""
    SELECT
      record_key,
      regexp_replace(regexp_replace(record_key, '^(?:(?:[^|\\]|\\.)*\|){2}', ''), '\\(.)', '\1', 'g')
    FROM (SELECT DISTINCT record_key FROM staging.consent_statement)
"""
"""Each record key with the record id, its third part (`contract/record_key.py`)."""


_NO_WORDS: Final = "(SELECT '' AS provider, '' AS word, '' AS event_type)"
_PARTS: Final = ("accepted/*.parquet", "superseded/*.parquet")


def _number_of_records(entity: Entity, records: str | None) -> int | None:
    """Read all that statements are made of, and return the number of records; None if a file is damaged.

    A connection of its own, because a failed query would end the transaction of the migration.
    """
    if records is None:
        return 0
    with duckdb.connect() as reader:
        try:
            ((count,),) = reader.execute(f"SELECT count(*) FROM {records}").fetchall()
            made = consent_statements.statements(entity, records, _NO_WORDS)
            reader.execute(f"SELECT sum(hash(made)::HUGEINT) FROM ({made}) AS made")
        except duckdb.Error:
            return None
    return int(count)


def gaps(connection: duckdb.DuckDBPyConnection) -> Sequence[Gap]:
    """Return the dumps whose superseded records have no statements."""
    stored = single_value(connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_GAPS])
    return [(table, date.fromisoformat(day)) for table, day in json.loads(stored or "[]")]


def missing_statements(warehouse: "Warehouse") -> Sequence[Gap]:
    """Return the dumps whose superseded records have no statements; none if no warehouse exists.

    Raises:
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    if not warehouse.path.exists():
        return []
    with warehouse.reading() as connection:
        return gaps(connection)


def close_gaps(connection: duckdb.DuckDBPyConnection, closed: Collection[Gap]) -> None:
    """Remove dumps from the stored gaps; call it in the transaction of their load."""
    known = gaps(connection)
    if not set(known).isdisjoint(closed):
        _store_gaps(connection, [gap for gap in known if gap not in closed])


def _store_gaps(connection: duckdb.DuckDBPyConnection, remaining: Collection[Gap]) -> None:
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_GAPS])
    if remaining:
        value = json.dumps([(table, day.isoformat()) for table, day in remaining])
        connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_GAPS, value])
