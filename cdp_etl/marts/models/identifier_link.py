"""Declaration of `identifier_link`.

Counts are updated from the change feed alone, which lists added and removed occurrences: no record is read again.
"""

from dataclasses import replace

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import IntermediateTable, KeyFilter, Mart, Reconciliation, RefreshScope

_RECORDS = " UNION ALL ".join(
    f"SELECT company_id, identifiers, 1 AS records FROM {entity.table}_current" for entity in ENTITIES
)
_FEED = "SELECT company_id, identifiers, CASE image WHEN 'after' THEN 1 ELSE -1 END AS records FROM pending"


def _occurrences(records: str) -> str:
    """Give the SELECT of all pairs of identifiers on one record, of records that are given with a weight."""
    return f"""
        WITH
        record AS ({records}),
        combination AS (
          SELECT company_id, identifiers, sum(records) AS records FROM record GROUP BY company_id, identifiers
        ),
        first AS (SELECT company_id, identifiers, records, unnest(identifiers) AS identifier FROM combination)
        SELECT company_id, identifier, unnest(identifiers) AS other_identifier, records FROM first
    """


PAIR = ("company_id", "identifier", "other_identifier")

CHANGED_COUNT = f"""
    SELECT company_id, identifier, other_identifier, sum(records) AS records
    FROM ({_occurrences(_FEED)})
    GROUP BY company_id, identifier, other_identifier
    HAVING sum(records) <> 0
"""
"""The pairs whose number of records the pending changes alter, and by how much."""

IDENTIFIER = TableColumn(
    "identifier",
    TEXT,
    "c:<customer id>, e:<e-mail> or p:<phone>.",
    personal=Personal.IDENTIFIER,
    is_nullable=False,
)

IDENTIFIER_LINK = Mart(
    name="identifier_link",
    columns=(
        c.COMPANY_ID,
        IDENTIFIER,
        replace(
            IDENTIFIER,
            name="other_identifier",
            description="Identifier on the same record, or the same identifier.",
        ),
        c.count("record_count", "Number of current records with both identifiers."),
    ),
    refresh_scope=RefreshScope(
        tables={
            "affected": CHANGED_COUNT,
            "existing_rows": f"FROM {lookup_by_hash('identifier_link', 'affected', PAIR)}",
        },
        mart=KeyFilter("affected", PAIR),
        existing_rows="existing_rows",
        inputs={},
    ),
    key_hashes=(PAIR, c.BY_IDENTIFIER),
    is_published=False,
    intermediate_tables={
        "occurrence": IntermediateTable(
            full_sql=_occurrences(_RECORDS),
            incremental_sql="SELECT company_id, identifier, other_identifier, record_count AS records FROM existing_rows"
            " UNION ALL SELECT company_id, identifier, other_identifier, records FROM affected",
        )
    },
    reconciliation=Reconciliation(
        "record_count",
        group_by=("company_id",),
        weight="len(identifiers) * len(identifiers)",
        against_staging=True,
    ),
)
