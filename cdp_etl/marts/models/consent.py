"""Declaration of `consent`.

Statements are added, never changed. So the row of a contact is updated from the stored row and the pending
statements, without older statements. Only the contacts of a withdrawal are read in full.
"""

from dataclasses import replace
from functools import partial

from cdp_etl.contract.table import CONSENT_STATEMENT_COLUMNS, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql

_sql = partial(read_sql, "cdp_etl.marts.models")

CHANGED_CONTACT = _sql("consent/affected")
"""SELECT of the contacts whose state the pending loads and withdrawals may change."""

_STATEMENT = {column.name: column for column in CONSENT_STATEMENT_COLUMNS}


def _column(name: str, description: str | None = None) -> TableColumn:
    return replace(_STATEMENT[name], description=description or _STATEMENT[name].description)


CONSENT = Mart(
    name="consent",
    columns=(
        c.COMPANY_ID,
        _column("contact"),
        _column("channel"),
        _column("is_given", "True if the contact consents, false if it refuses."),
        _column("stated_at", "Time of the statement that counts, UTC."),
        _column("entity", "Entity of the record that states it, by its table name."),
        _column("record_key", "Key of that record."),
    ),
    refresh_scope=RefreshScope(
        tables={
            "affected": CHANGED_CONTACT,
            "recomputed_contact": _sql("consent/recomputed_contact"),
            "existing_rows": f"FROM {lookup_by_hash('consent', 'affected', c.BY_CONTACT)}",
            "updated_statement": _sql("consent/updated_statement"),
        },
        mart=KeyFilter("affected", c.BY_CONTACT),
        existing_rows="existing_rows",
        inputs={
            "consent_statement": KeyFilter("recomputed_contact", c.BY_CONTACT, extra_rows="updated_statement")
        },
        chunk_by=c.BY_CONTACT,
    ),
    key_hashes=(c.BY_CONTACT,),
)
