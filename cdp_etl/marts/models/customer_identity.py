"""Declarations of `customer_identity` and its change log.

The refresh scope is closed under linking, so its connected components can be computed without all other
identifiers. It consists of:

- both identifiers of every added or removed pair;
- the identifiers that they now occur with, unless they are excluded from matching;
- all identifiers of the persons that any of these belonged to.
"""

from dataclasses import replace

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import IntermediateTable, KeyFilter, Mart, RefreshScope
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
    "Person, within the company: the smallest identifier of the person.",
    personal=Personal.IDENTIFIER,
    is_nullable=False,
)

CUSTOMER_IDENTITY = Mart(
    name="customer_identity",
    columns=(
        c.COMPANY_ID,
        IDENTIFIER,
        PERSON_ID,
        c.count("customer_id_count", "Number of other customer ids that it occurs with."),
        c.count("email_count", "Number of other e-mail addresses that it occurs with."),
        c.count("phone_count", "Number of other phones that it occurs with."),
        TableColumn(
            "exclusion_reason", TEXT, "Reason for the exclusion from identity matching; null if not excluded."
        ),
    ),
    refresh_scope=RefreshScope(
        tables={
            "changed_count": CHANGED_COUNT,
            "changed_pair": f"""
                SELECT company_id, identifier
                FROM changed_count
                LEFT JOIN {lookup_by_hash("identifier_link", "changed_count", PAIR)} USING ({", ".join(PAIR)})
                WHERE coalesce(record_count, 0) IN (0, records)
            """,
            "reached": f"""
                WITH changed AS (SELECT DISTINCT company_id, identifier FROM changed_pair),
                linking AS (
                  SELECT company_id, identifier
                  FROM ({_NODE.format(links=lookup_by_hash("identifier_link", "changed", c.BY_IDENTIFIER))})
                  WHERE exclusion_reason IS NULL
                )
                SELECT company_id, identifier FROM changed
                UNION
                SELECT company_id, other_identifier
                FROM {lookup_by_hash("identifier_link", "linking", c.BY_IDENTIFIER)}
            """,
            "affected": f"""
                WITH person AS (
                  SELECT DISTINCT company_id, person_id
                  FROM {lookup_by_hash("customer_identity", "reached", c.BY_IDENTIFIER)}
                )
                SELECT company_id, identifier FROM reached
                UNION
                SELECT company_id, identifier FROM {lookup_by_hash("customer_identity", "person", c.BY_PERSON)}
            """,
        },
        mart=KeyFilter("affected", c.BY_IDENTIFIER),
        inputs={"identifier_link": KeyFilter("affected", c.BY_IDENTIFIER)},
    ),
    key_hashes=(c.BY_IDENTIFIER, c.BY_PERSON),
    intermediate_tables={
        "node": IntermediateTable(_NODE.format(links="identifier_link"), _NODE.format(links="identifier_link")),
        "component": IntermediateTable(_COMPONENT, _COMPONENT, find_components),
    },
    settings=("max_customers_per_identifier", "identifier_denylist"),
)

IDENTITY_CHANGE = Mart(
    name="customer_identity_change",
    columns=(
        c.COMPANY_ID,
        IDENTIFIER,
        replace(PERSON_ID, name="person_before", description="Person that the identifier belonged to before."),
        replace(
            PERSON_ID,
            name="person_after",
            description="Person that the identifier belongs to now; null if no current record has it.",
            is_nullable=True,
        ),
        c.LOAD_SEQ,
        c.CHANGED_AT,
    ),
    refresh_scope=None,
    intermediate_tables={"customer_identity_before": IntermediateTable("SELECT * FROM customer_identity", "")},
    change_log_of="customer_identity",
)
