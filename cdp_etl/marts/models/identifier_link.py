"""Declaration of `identifier_link`.

Counts are updated from the change feed alone, which lists added and removed occurrences: no record is read again.
"""

from dataclasses import replace
from functools import partial

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import IntermediateTable, KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import ValueRule

_sql = partial(read_sql, "cdp_etl.marts.models")

_STAGING = " UNION ALL ".join(
    f"SELECT company_id, identifiers, 1 AS weight FROM {entity.table}_current" for entity in ENTITIES
)
_FEED = "SELECT company_id, identifiers, CASE image WHEN 'after' THEN 1 ELSE -1 END AS weight FROM pending"


def _occurrence(records: str) -> str:
    return _sql("identifier_link/occurrence", {"records": f"({records})"})


PAIR = ("company_id", "identifier", "other_identifier")

CHANGED_COUNT = _sql("identifier_link/changed_count", {"occurrence": f"({_occurrence(_FEED)})"})
"""SELECT of the pairs whose numbers of records the pending changes alter, with the differences."""

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
        c.count("key_record_count", "Number of those records whose customer key is `identifier`."),
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
            full_sql=_occurrence(_STAGING), incremental_sql=_sql("identifier_link/updated_occurrence")
        )
    },
    value_rules=(ValueRule("record_count_is_positive", "`record_count` is positive.", "record_count > 0"),),
    reconciliation=Reconciliation(
        "record_count",
        group_by=("company_id",),
        weight="len(identifiers) * len(identifiers)",
        against_staging=True,
    ),
)
