"""Declarations of `customer_identity` and its change log.

The refresh scope is closed under linking, so its connected components can be computed without all other
identifiers. It consists of:

- both identifiers of every added or removed pair;
- the identifiers that they now occur with, unless they are excluded from matching;
- all identifiers of the persons that any of these belonged to.
"""

from dataclasses import replace
from functools import partial

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import IntermediateTable, KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.models.connected_components import find_components
from cdp_etl.marts.models.identifier_link import CHANGED_COUNT, IDENTIFIER, PAIR

_sql = partial(read_sql, "cdp_etl.marts.models")

_NODE = _sql("customer_identity/node", {"links": "identifier_link"})
_CHANGED_LINKS = lookup_by_hash("identifier_link", "changed_identifier", c.BY_IDENTIFIER)
_CHANGED_NODE = _sql("customer_identity/node", {"links": _CHANGED_LINKS})
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
            "exclusion_reason",
            TEXT,
            "Reason for the exclusion from identity matching; null if not excluded.",
            publication=Publication.UNCHANGED,
        ),
    ),
    refresh_scope=RefreshScope(
        tables={
            "changed_count": CHANGED_COUNT,
            "changed_pair": _sql(
                "customer_identity/changed_pair",
                {"links_of_changed_count": lookup_by_hash("identifier_link", "changed_count", PAIR)},
            ),
            "linked_identifier": _sql(
                "customer_identity/linked_identifier",
                {
                    "nodes_of_changed_identifier": f"({_CHANGED_NODE})",
                    "links_of_linking_identifier": lookup_by_hash(
                        "identifier_link", "linking_identifier", c.BY_IDENTIFIER
                    ),
                },
            ),
            "affected": _sql(
                "customer_identity/affected",
                {
                    "identities_of_linked_identifier": lookup_by_hash(
                        "customer_identity", "linked_identifier", c.BY_IDENTIFIER
                    ),
                    "identities_of_affected_person": lookup_by_hash(
                        "customer_identity", "affected_person", c.BY_PERSON
                    ),
                },
            ),
        },
        mart=KeyFilter("affected", c.BY_IDENTIFIER),
        inputs={"identifier_link": KeyFilter("affected", c.BY_IDENTIFIER)},
    ),
    key_hashes=(c.BY_IDENTIFIER, c.BY_PERSON),
    intermediate_tables={
        "node": IntermediateTable(_NODE, _NODE),
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
