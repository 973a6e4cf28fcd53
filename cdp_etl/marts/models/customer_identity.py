"""The mart `customer_identity`: its columns and slices. Its meaning stands in its SQL.

Which identifiers a change can reach: the ends of pairs that came or went; what they occur with now, where they
link; and all of the persons that any of these belonged to. Every edge that came or went has one end among the
first, and the other among the second or in the same person as before. So the components of these can be found
apart from all else.
"""

from dataclasses import replace

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import sought_by
from cdp_etl.marts.engine.mart import Made, Mart, Slice, Slices
from cdp_etl.marts.models.connected_components import find_components
from cdp_etl.marts.models.identifier_link import CHANGED_COUNT, IDENTIFIER, PAIR

_KINDS = {"customer_id": "c:", "email": "e:", "phone": "p:"}


def _occurs_with(prefix: str) -> str:
    return f"count(*) FILTER (WHERE starts_with(other_identifier, '{prefix}') AND other_identifier <> identifier)"


_COUNTS = ", ".join(f"{_occurs_with(prefix)} AS {kind}_count" for kind, prefix in _KINDS.items())
_TOO_MANY = " ".join(
    f"WHEN {kind}_count > getvariable('max_customers_per_identifier') THEN 'occurs with ' || {kind}_count ||"
    f" ' {kind.replace('_', ' ')}s, more than ' || getvariable('max_customers_per_identifier')"
    for kind in _KINDS
)
_NODE = f"""
    WITH counted AS (
      SELECT company_id, identifier, {_COUNTS} FROM {{links}} GROUP BY company_id, identifier
    )
    SELECT
      *,
      CASE WHEN list_contains(getvariable('identifier_denylist'), identifier) THEN 'is on the denylist'
        {_TOO_MANY} END AS exclusion_reason
    FROM counted
"""
_COMPONENT = "SELECT company_id, identifier, identifier AS person_id FROM node"

PERSON_ID = TableColumn(
    "person_id",
    TEXT,
    "The person, within the company: the smallest of its identifiers.",
    personal=Personal.IDENTIFIER,
    is_nullable=False,
)

CUSTOMER_IDENTITY = Mart(
    name="customer_identity",
    columns=(
        c.COMPANY_ID,
        IDENTIFIER,
        PERSON_ID,
        c.count("customer_id_count", "Customer ids that it occurs with, itself not counted."),
        c.count("email_count", "E-mail addresses that it occurs with, itself not counted."),
        c.count("phone_count", "Phones that it occurs with, itself not counted."),
        TableColumn("exclusion_reason", TEXT, "Why it links nobody; null where it links."),
    ),
    slices=Slices(
        tables={
            "changed_count": CHANGED_COUNT,
            "changed_pair": f"""
                SELECT company_id, identifier
                FROM changed_count
                LEFT JOIN {sought_by("identifier_link", "changed_count", PAIR)} USING ({", ".join(PAIR)})
                WHERE coalesce(record_count, 0) IN (0, records)
            """,
            "reached": f"""
                WITH changed AS (SELECT DISTINCT company_id, identifier FROM changed_pair),
                linking AS (
                  SELECT company_id, identifier
                  FROM ({_NODE.format(links=sought_by("identifier_link", "changed", c.BY_IDENTIFIER))})
                  WHERE exclusion_reason IS NULL
                )
                SELECT company_id, identifier FROM changed
                UNION
                SELECT company_id, other_identifier
                FROM {sought_by("identifier_link", "linking", c.BY_IDENTIFIER)}
            """,
            "touched": f"""
                WITH person AS (
                  SELECT DISTINCT company_id, person_id
                  FROM {sought_by("customer_identity", "reached", c.BY_IDENTIFIER)}
                )
                SELECT company_id, identifier FROM reached
                UNION
                SELECT company_id, identifier FROM {sought_by("customer_identity", "person", c.BY_PERSON)}
            """,
        },
        mart=Slice("touched", c.BY_IDENTIFIER),
        inputs={"identifier_link": Slice("touched", c.BY_IDENTIFIER)},
    ),
    sought_by=(c.BY_IDENTIFIER, c.BY_PERSON),
    made={
        "node": Made(_NODE.format(links="identifier_link"), _NODE.format(links="identifier_link")),
        "component": Made(_COMPONENT, _COMPONENT, find_components),
    },
    settings=("max_customers_per_identifier", "identifier_denylist"),
)

IDENTITY_CHANGE = Mart(
    name="customer_identity_change",
    columns=(
        c.COMPANY_ID,
        IDENTIFIER,
        replace(PERSON_ID, name="person_before", description="The person that it stood for."),
        replace(
            PERSON_ID,
            name="person_after",
            description="The person that it stands for now; null where it is on no current record any more.",
            is_nullable=True,
        ),
        c.LOAD_SEQ,
        c.CHANGED_AT,
    ),
    slices=None,
    made={"customer_identity_before": Made("SELECT * FROM customer_identity", "")},
    log_of="customer_identity",
)
