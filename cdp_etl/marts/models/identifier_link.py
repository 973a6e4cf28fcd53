"""The mart `identifier_link`: its columns and slices. Its meaning stands in its SQL.

Counting is the one thing that can be patched without reading the records again: the feed says which occurrences
went and which came.
"""

from dataclasses import replace

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import sought_by
from cdp_etl.marts.engine.mart import Counted, Made, Mart, Slice, Slices

_RECORDS = " UNION ALL ".join(
    f"SELECT company_id, identifiers, 1 AS records FROM {entity.table}_current" for entity in ENTITIES
)
_FEED = "SELECT company_id, identifiers, CASE side WHEN 'after' THEN 1 ELSE -1 END AS records FROM pending"


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
        replace(IDENTIFIER, name="other_identifier", description="One that occurs on the same record; or itself."),
        c.count("record_count", "Current records on which both occur."),
    ),
    slices=Slices(
        tables={
            "touched": CHANGED_COUNT,
            "held": f"FROM {sought_by('identifier_link', 'touched', PAIR)}",
        },
        mart=Slice("touched", PAIR),
        found="held",
        inputs={},
    ),
    sought_by=(PAIR, c.BY_IDENTIFIER),
    is_published=False,
    made={
        "occurrence": Made(
            whole=_occurrences(_RECORDS),
            touched="SELECT company_id, identifier, other_identifier, record_count AS records FROM held"
            " UNION ALL SELECT company_id, identifier, other_identifier, records FROM touched",
        )
    },
    counted=Counted(
        "record_count", by=("company_id",), each="len(identifiers) * len(identifiers)", in_staging=True
    ),
)
