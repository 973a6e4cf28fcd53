"""Migration 8: number of refusals without a contact, in the ledger.

Never changed: warehouse files made by this migration exist. `staging.consent_statement` comes with the other
tables of schema `staging`, and `consent_backfill.py` fills it.
"""

import duckdb


def count_refusals_without_contact(_connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration."""
    return ["ALTER TABLE ops.load ADD COLUMN refusals_without_contact BIGINT"]
