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
    """

    channel: str
    prefix: str
    delivered_contact: str
    is_given: str
    sources: tuple[str, ...]


def _subscription(channel: str, prefix: str, delivered_contact: str, flag: str) -> _Claim:
    is_given = f"CASE status WHEN 'Unsubscribed' THEN false WHEN 'Subscribed' THEN {flag} END"
    return _Claim(channel, prefix, delivered_contact, is_given, ("status", flag))


def _opt_out_event(channel: str, prefix: str, delivered_contact: str) -> _Claim:
    # The spellings whose form in lower snake case is `unsubscribed` or `complaint`; a test compares `interaction`.
    words = r"[^\pL\pM\pN]*(?:[Uu]nsubscribed|UNSUBSCRIBED|[Cc]omplaint|COMPLAINT)[^\pL\pM\pN]*"
    is_given = f"CASE WHEN regexp_full_match(event, '{words}') THEN false END"
    return _Claim(channel, prefix, delivered_contact, is_given, ("event",))


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


def write(connection: duckdb.DuckDBPyConnection, entity: Entity, records: str, load_seq: int) -> int:
    """Write the statements of some records, and return the number of refusals without a contact.

    Args:
        connection: Connection in the transaction of the load.
        entity: Entity of the records.
        records: SQL of the records, with the columns of the lake.
        load_seq: The load that delivered the records.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE consent_claim AS {_claims(entity, records)}")
    connection.execute(
        f"""
        INSERT INTO staging.consent_statement BY NAME
        SELECT
          {_STATEMENT},
          {literal(entity.table)} AS entity,
          {load_seq} AS load_seq,
          NULL::BIGINT AS withdrawn_by_load_seq
        FROM consent_claim
        WHERE contact IS NOT NULL
        """
    )
    without_contact: int = single_value(
        connection,
        "SELECT count(*) FROM consent_claim WHERE NOT is_given AND contact IS NULL AND has_delivered_contact",
    )
    return without_contact


def statements(entity: Entity, records: str) -> str:
    """Return the SELECT of the statements that some records make, without their load."""
    return f"SELECT {_STATEMENT} FROM ({_claims(entity, records)}) WHERE contact IS NOT NULL"


_STATEMENT: Final = "company_id, contact, channel, is_given, stated_at, record_key, dump_date"


def _claims(entity: Entity, records: str) -> str:
    """Return the SELECT of the statements of records, also those without a contact.

    A record bears at most one contact of a kind. A Deleted version does not consent, but it can refuse.
    """
    claims = _CLAIMS[entity.table]
    stated = ", ".join(
        f"""{{
          'channel': {literal(claim.channel)},
          'contact': coalesce({_identifier(claim.prefix)}, {_identifier("c:")}),
          'has_delivered_contact': {claim.delivered_contact} IS NOT NULL,
          'is_given': {claim.is_given}
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
          FROM {records}
          WHERE occurred_at IS NOT NULL AND coalesce({", ".join(claim.is_given for claim in claims)}) IS NOT NULL
        )
        WHERE is_given IS NOT NULL AND NOT (is_given AND record_status IS NOT DISTINCT FROM 'Deleted')
    """


def _identifier(prefix: str) -> str:
    return f"list_filter(identifiers, lambda one: starts_with(one, {literal(prefix)}))[1]"
