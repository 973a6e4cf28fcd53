"""Declarations of `customer_daily` and `customer`."""

from functools import partial

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import BOOLEAN, DATE, TEXT, TEXT_LIST, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import IntermediateTable, feed_scope, stored_totals
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import SALES_ARE_ACTIVITIES, ValueRule, adds_up
from cdp_etl.marts.models.consent import CHANGED_CONTACT
from cdp_etl.marts.models.customer_identity import PERSON_ID
from cdp_etl.marts.models.person_scope.scope import person_scope

_sql = partial(read_sql, "cdp_etl.marts.models")

_NEWEST_TEXT = c.newest_of_several(TEXT)
_COUNTS = (*c.COUNTS, *c.MESSAGE_COUNTS)
_ADDS_UP = adds_up("interaction_count", (column.name for column in _COUNTS[1:]))
_CHANGED_LINKS = lookup_by_hash("identifier_link", "changed_contact", c.BY_IDENTIFIER)
_PENDING_IDENTIFIER = "(SELECT DISTINCT company_id, unnest(identifiers) AS identifier FROM pending)"
_AFFECTED_IDENTITIES = lookup_by_hash("customer_identity", "affected", c.BY_PERSON)
_AFFECTED_LINKS = lookup_by_hash("identifier_link", "affected_identity", c.BY_IDENTIFIER)

CUSTOMER_DAILY = Mart(
    name="customer_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.CUSTOMER_KEY,
        *_COUNTS,
        *c.SALES,
        c.FIRST_AT,
        c.LAST_AT,
        TableColumn(
            "newest_name",
            _NEWEST_TEXT,
            "Newest name, with the timestamp and record id that decide; null if no record names one.",
            personal=Personal.NAME,
        ),
        TableColumn(
            "latest_email_opt_out",
            _NEWEST_TEXT,
            "Latest unsubscribe or complaint event of an e-mail; null if there is none.",
            publication=c.newest_publication(Publication.UNCHANGED),
        ),
        TableColumn(
            "newest_sms_refusal",
            _NEWEST_TEXT,
            "Latest unsubscribe or complaint event of an SMS; null if there is none.",
            publication=c.newest_publication(Publication.UNCHANGED),
        ),
    ),
    refresh_scope=feed_scope(
        ("company_id", "activity_date", "customer_key"),
        inputs=(
            "interaction",
            "customer_product_activity_current",
            "customer_product_comment_current",
            "customer_product_review_current",
            "customer_product_subscriber_current",
        ),
    ),
    month_column="activity_date",
    key_hashes=(c.BY_CUSTOMER_KEY,),
    reconciliation=Reconciliation(
        "interaction_count", group_by=("company_id", "activity_date"), predicate="customer_key IS NOT NULL"
    ),
    value_rules=(_ADDS_UP, SALES_ARE_ACTIVITIES),
)

_PUBLIC_COLUMNS = (
    c.COMPANY_ID,
    PERSON_ID,
    TableColumn(
        "customer_name", TEXT, "Newest name in any record; null if there is none.", personal=Personal.NAME
    ),
    TableColumn(
        "identifiers",
        TEXT_LIST,
        "All identifiers of the person, sorted.",
        personal=Personal.IDENTIFIER,
        is_nullable=False,
    ),
    *_COUNTS,
    *c.SALES,
    TableColumn(
        "last_purchase_date", DATE, "Day of the last purchase, in the business time zone; null without a purchase."
    ),
    c.FIRST_AT,
    c.LAST_AT,
    *(
        TableColumn(
            f"has_{channel}_consent",
            BOOLEAN,
            f"Consent to {meaning}: false if a contact of the person refuses, else true if one consents; null if"
            " none has stated anything.",
        )
        for channel, meaning in (("email", "e-mail"), ("phone", "calls and SMS"))
    ),
)

CUSTOMER = Mart(
    name="customer",
    columns=_PUBLIC_COLUMNS,
    key_hashes=(c.BY_PERSON,),
    refresh_scope=person_scope(
        "customer",
        daily="customer_daily",
        first_tables={
            "changed_contact": f"SELECT company_id, contact AS identifier FROM ({CHANGED_CONTACT}\n)",
            "linked_identifier": (
                f"SELECT DISTINCT company_id, other_identifier AS identifier FROM {_CHANGED_LINKS}"
            ),
        },
        also_affected=_sql(
            "customer/also_affected",
            {
                "persons_with_pending_identifier": lookup_by_hash(
                    "customer_identity", _PENDING_IDENTIFIER, c.BY_IDENTIFIER
                ),
                "persons_with_linked_identifier": lookup_by_hash(
                    "customer_identity", "linked_identifier", c.BY_IDENTIFIER
                ),
            },
        ),
        tables={
            "affected_identity": f"FROM {_AFFECTED_IDENTITIES}",
            "affected_link": f"FROM {_AFFECTED_LINKS}",
            "affected_contact": "SELECT DISTINCT company_id, other_identifier AS contact FROM affected_link",
        },
    ),
    intermediate_tables={
        "stored_totals": stored_totals((*_PUBLIC_COLUMNS, c.LAST_DAY)),
        "person_consent": IntermediateTable(
            full_sql=_sql("customer/person_consent", {"links": "identifier_link", "consents": "consent"}),
            incremental_sql=_sql(
                "customer/person_consent",
                {
                    "links": "affected_link",
                    "consents": lookup_by_hash("consent", "affected_contact", c.BY_CONTACT),
                },
            ),
        ),
    },
    carried_columns=(c.LAST_DAY,),
    reconciliation=Reconciliation(
        "interaction_count", group_by=("company_id",), predicate="customer_key IS NOT NULL"
    ),
    value_rules=(
        _ADDS_UP,
        SALES_ARE_ACTIVITIES,
        ValueRule(
            "purchases_have_a_last_day",
            "A person with a purchase has the day of the last purchase, and no other person has one.",
            "(purchase_count > 0) = (last_purchase_date IS NOT NULL)",
        ),
    ),
)
