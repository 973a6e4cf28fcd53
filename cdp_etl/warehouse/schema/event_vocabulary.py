"""The vocabulary of events stored in the warehouse: what the words of the records in it mean.

If the vocabulary differs from the stored one, the event types of all records are computed again, the statements of
consent that it adds are written, and the marts that read them are marked for a rebuild. Statements that the former
vocabulary gave stay, because a refusal ends by consent or by an operator only.
"""

from pathlib import Path

import duckdb
import polars as pl

from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import EVENT_WORD_COLUMNS
from cdp_etl.entities import ENTITIES
from cdp_etl.vocabulary import Vocabulary
from cdp_etl.warehouse.load.event_types import EVENT_WORDS, event_type, typed_words
from cdp_etl.warehouse.schema import consent_backfill
from cdp_etl.warehouse.schema.ops_tables import NO_DEFINITION
from cdp_etl.warehouse.sql import single_value, transaction

_NAME = "event_vocabulary"
_MARTS = ("interaction", "consent")
"""Marts that read event types or statements; the marts after them follow."""


def adopt(connection: duckdb.DuckDBPyConnection, vocabulary: Vocabulary, lake: Path | None) -> None:
    """Store the vocabulary and apply it to the records, unless it is the stored one.

    Args:
        connection: Connection for writing, without a transaction.
        vocabulary: The vocabulary of the settings.
        lake: Root of the normalized lake, which has the superseded records; None if there is none.
    """
    stored = single_value(connection, "SELECT max(value) FROM ops.metadata WHERE name = ?", [_NAME])
    if stored == vocabulary.event_digest:
        return
    with transaction(connection):
        words = pl.DataFrame(vocabulary.event_words, polars_schema(EVENT_WORD_COLUMNS), orient="row")
        connection.execute(f"DELETE FROM {EVENT_WORDS}")
        connection.register("configured_word", words)
        connection.execute(f"INSERT INTO {EVENT_WORDS} BY NAME FROM configured_word")
        connection.unregister("configured_word")
        for entity in ENTITIES:
            if entity.has_events:
                _apply(connection, f"staging.{entity.table}", vocabulary)
        consent_backfill.add_statements_of_events(connection, lake)
        connection.execute(
            "UPDATE ops.mart_state SET definition_hash = ? WHERE list_contains(?, mart)",
            [NO_DEFINITION, list(_MARTS)],
        )
        connection.execute("DELETE FROM ops.metadata WHERE name = ?", [_NAME])
        connection.execute(
            "INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_NAME, vocabulary.event_digest]
        )


def _apply(connection: duckdb.DuckDBPyConnection, table: str, vocabulary: Vocabulary) -> None:
    computed = event_type("typed", "record", vocabulary.machine_flags)
    connection.execute(
        f"""
        UPDATE {table} AS target
        SET event_type = computed.event_type
        FROM (
          SELECT record.rowid AS row_id, {computed} AS event_type
          FROM {table} AS record
          LEFT JOIN {typed_words(table)} AS typed USING (service_provider, event)
        ) AS computed
        WHERE target.rowid = computed.row_id AND target.event_type IS DISTINCT FROM computed.event_type
        """
    )
