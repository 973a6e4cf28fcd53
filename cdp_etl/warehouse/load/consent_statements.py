"""Consent statements of the versions in a dump, by contact and channel.

The accepted and the superseded records of a load state, quarantined ones do not. A row is never deleted, so a
statement outlives its record, its dump and the retention. `withdrawal.py` takes the statements of a wrong delivery
back. docs/marts.md states the rules with examples.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.ddl import literal
from cdp_etl.warehouse.load.event_types import EVENT_WORDS, typed_words
from cdp_etl.warehouse.load.protocols import LoadableDump
from cdp_etl.warehouse.sql import single_value


@dataclass(frozen=True, slots=True)
class _Claim:
    """Statement of a record about one channel.

    Attributes:
        channel: `email` or `phone`.
        prefix: Prefix of the channel's contacts among the identifiers of a record.
        delivered_contact: Column of the contact as delivered.
        is_given: SQL of the statement; null if the record makes none.
        sources: Columns that `is_given` reads.
        states_events: Whether the record is an event, which can lift earlier unsubscribe events as well.
    """

    channel: str
    prefix: str
    delivered_contact: str
    is_given: str
    sources: tuple[str, ...]
    states_events: bool = False


def _subscription(channel: str, prefix: str, delivered_contact: str, flag: str) -> _Claim:
    is_given = f"CASE status WHEN 'Unsubscribed' THEN false WHEN 'Subscribed' THEN {flag} END"
    return _Claim(channel, prefix, delivered_contact, is_given, ("status", flag))


def _opt_out_event(channel: str, prefix: str, delivered_contact: str) -> _Claim:
    is_given = "CASE WHEN typed.event_type IN ('unsubscribed', 'complained') THEN false END"
    return _Claim(channel, prefix, delivered_contact, is_given, ("service_provider", "event"), states_events=True)


_CLAIMS: Mapping[str, Sequence[_Claim]] = {
    "customer_product_subscriber": (
        _subscription("email", "e:", "customer_email", "subscribe_email"),
        _subscription("phone", "p:", "customer_phone", "subscribe_phone"),
    ),
    "email_interaction": (_opt_out_event("email", "e:", "email"),),
    "sms_interaction": (_opt_out_event("phone", "p:", "phone_number"),),
}

STATING_ENTITIES: Final = tuple(_CLAIMS)
"""Tables of the entities whose records state consent."""


def source_columns(table: str) -> Mapping[str, Collection[str]]:
    """Return for each column of a statement the columns of an entity's records that it is derived from."""
    stated = {source for claim in _CLAIMS[table] for source in claim.sources}
    return {
        "company_id": ("company_id",),
        "contact": ("identifiers",),
        "channel": (),
        "is_given": sorted(stated | {"record_status"}),
        "event_type": sorted(stated & {"service_provider", "event"}),
        "stated_at": ("occurred_at",),
        "entity": (),
        "record_key": ("record_key",),
    }


def write_of_dump(
    connection: duckdb.DuckDBPyConnection, entity: Entity, dump: LoadableDump, load_seq: int
) -> int | None:
    """Write the statements of a dump's accepted and superseded records.

    Returns:
        Number of refusals without a contact; None if records of the entity make no statements.
    """
    if entity.table not in _CLAIMS:
        return None
    records = records_in([*dump.accepted_files, *dump.superseded_files])
    return 0 if records is None else write(connection, entity, records, load_seq)


def records_in(files: Sequence[Path]) -> str | None:
    """Return the SQL of the records in files of the lake; None if there are no files."""
    if not files:
        return None
    return f"read_parquet([{', '.join(literal(str(path)) for path in files)}], union_by_name = true)"


def write(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    records: str,
    load_seq: int,
    *,
    only_missing: bool = False,
) -> int:
    """Write the statements of some records, and return the number of refusals without a contact.

    Args:
        connection: Connection in the transaction of the load.
        entity: Entity of the records.
        records: SQL of the records, with the columns of the lake.
        load_seq: The load that delivered the records.
        only_missing: Whether statements that the load made already are not written again.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE consent_claim AS {_claims(entity, records)}")
    if only_missing:
        _add_event_types(connection, entity, load_seq)
    connection.execute(
        f"""
        INSERT INTO staging.consent_statement BY NAME
        SELECT
          {_STATEMENT},
          {literal(entity.table)} AS entity,
          {load_seq} AS load_seq,
          {_withdrawal(entity, load_seq) if only_missing else "NULL::BIGINT"} AS withdrawn_by_load_seq
        FROM consent_claim
        WHERE contact IS NOT NULL {f"AND NOT EXISTS ({_stored(entity, load_seq)})" if only_missing else ""}
        """
    )
    without_contact: int = single_value(
        connection,
        "SELECT count(*) FROM consent_claim WHERE NOT is_given AND contact IS NULL AND has_delivered_contact",
    )
    return without_contact


def _add_event_types(connection: duckdb.DuckDBPyConnection, entity: Entity, load_seq: int) -> None:
    """Add the event type to statements that an earlier release wrote without it."""
    connection.execute(
        f"""
        UPDATE staging.consent_statement AS stored
        SET event_type = consent_claim.event_type
        FROM consent_claim
        WHERE
          stored.entity = {literal(entity.table)}
          AND stored.load_seq = {load_seq}
          AND stored.event_type IS NULL
          AND stored.company_id = consent_claim.company_id
          AND stored.contact = consent_claim.contact
          AND stored.record_key = consent_claim.record_key
          AND stored.stated_at = consent_claim.stated_at
          AND stored.is_given = consent_claim.is_given
        """
    )


def _withdrawal(entity: Entity, load_seq: int) -> str:
    """Return the SQL of the row of the ledger by which the statements of a load were taken back, null if none."""
    return f"""(
      SELECT max(withdrawn_by_load_seq) FROM staging.consent_statement
      WHERE entity = {literal(entity.table)} AND load_seq = {load_seq}
    )"""


def _stored(entity: Entity, load_seq: int) -> str:
    """Return the SELECT of the stored statements that equal a claim."""
    return f"""
        FROM staging.consent_statement AS stored
        WHERE
          stored.entity = {literal(entity.table)}
          AND stored.load_seq = {load_seq}
          AND stored.company_id = consent_claim.company_id
          AND stored.contact = consent_claim.contact
          AND stored.record_key = consent_claim.record_key
          AND stored.stated_at = consent_claim.stated_at
          AND stored.is_given IS NOT DISTINCT FROM consent_claim.is_given
          AND stored.event_type IS NOT DISTINCT FROM consent_claim.event_type
    """


def statements(entity: Entity, records: str, words: str = EVENT_WORDS) -> str:
    """Return the SELECT of the statements that some records make, without their load.

    Args:
        entity: Entity of the records.
        records: SQL of the records, with the columns of the lake.
        words: SQL of the vocabulary of events.
    """
    return f"SELECT {_STATEMENT} FROM ({_claims(entity, records, words)}) WHERE contact IS NOT NULL"


_STATEMENT: Final = "company_id, contact, channel, is_given, stated_at, record_key, dump_date, event_type"


def _claims(entity: Entity, records: str, words: str = EVENT_WORDS) -> str:
    """Return the SELECT of the statements of records, also those without a contact.

    A record bears at most one contact of a kind. A Deleted version does not consent, but it can refuse.
    """
    claims = _CLAIMS[entity.table]
    states_events = any(claim.states_events for claim in claims)
    event_type = (
        "CASE WHEN typed.event_type IN ('unsubscribed', 'complained', 'resubscribed') THEN typed.event_type END"
        if states_events
        else "NULL::VARCHAR"
    )
    typed = (
        f"INNER JOIN {typed_words(records, words)} AS typed USING (service_provider, event)"
        if states_events
        else ""
    )
    stated = ", ".join(
        f"""{{
          'channel': {literal(claim.channel)},
          'contact': coalesce({_identifier(claim.prefix)}, {_identifier("c:")}),
          'has_delivered_contact': {claim.delivered_contact} IS NOT NULL,
          'is_given': {claim.is_given},
          'event_type': {event_type}
        }}"""
        for claim in claims
    )
    return f"""
        SELECT * EXCLUDE (record_status)
        FROM (
          SELECT
            company_id,
            unnest([{stated}], recursive := true),
            occurred_at AS stated_at,
            record_key,
            dump_date,
            record_status
          FROM {records} AS record
          {typed}
          WHERE
            occurred_at IS NOT NULL
            AND (coalesce({", ".join(claim.is_given for claim in claims)}) IS NOT NULL OR {event_type} IS NOT NULL)
        )
        WHERE
          (is_given IS NOT NULL OR event_type IS NOT NULL)
          AND NOT (is_given IS NOT FALSE AND record_status IS NOT DISTINCT FROM 'Deleted')
    """


def _identifier(prefix: str) -> str:
    return f"list_filter(identifiers, lambda one: starts_with(one, {literal(prefix)}))[1]"
