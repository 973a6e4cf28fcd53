"""Declarations of `customer_daily` and `customer`."""

from dataclasses import replace
from functools import partial

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.table import BOOLEAN, TEXT, TEXT_LIST, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import KeyFilter, feed_scope, stored_totals
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import adds_up
from cdp_etl.marts.models.customer_identity import PERSON_ID
from cdp_etl.marts.models.person_scope.scope import person_scope

_sql = partial(read_sql, "cdp_etl.marts.models")

_NEWEST_TEXT = c.newest_of_several(TEXT)
_COUNTS = (
    *c.COUNTS,
    c.count("email_count", "E-mail events, as reported."),
    c.count("sms_count", "SMS events, as reported."),
)
_ADDS_UP = adds_up("interaction_count", (column.name for column in _COUNTS[1:]))
_OPT_OUTS = (
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
)
_CHANGED_SUBSCRIBER = (
    "(SELECT DISTINCT company_id, customer_key AS identifier FROM pending"
    " WHERE entity = 'customer_product_subscriber' AND customer_key IS NOT NULL)"
)
_PENDING_IDENTIFIER = "(SELECT DISTINCT company_id, unnest(identifiers) AS identifier FROM pending)"
_PENDING_IDENTITIES = lookup_by_hash("customer_identity", _PENDING_IDENTIFIER, c.BY_IDENTIFIER)
_CONSENT_IDENTITIES = lookup_by_hash("customer_identity", "consent_person", c.BY_PERSON)

CUSTOMER_DAILY = Mart(
    name="customer_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.CUSTOMER_KEY,
        *_COUNTS,
        c.FIRST_AT,
        c.LAST_AT,
        TableColumn(
            "newest_name",
            _NEWEST_TEXT,
            "Newest name, with the timestamp and record id that decide; null if no record names one.",
            personal=Personal.NAME,
        ),
        *_OPT_OUTS,
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
    value_rules=(_ADDS_UP,),
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
    c.FIRST_AT,
    c.LAST_AT,
    TableColumn(
        "has_email_consent", BOOLEAN, "Consent to e-mail by the newest consent record; null if there is none."
    ),
    TableColumn(
        "has_phone_consent", BOOLEAN, "Consent to SMS by the newest consent record; null if there is none."
    ),
)
_CARRIED_COLUMNS = (
    c.LAST_DAY,
    *_OPT_OUTS,
    *(
        TableColumn(
            name,
            c.newest_of_several(BOOLEAN),
            f"Newest subscription record that names {channel}; null if there is none.",
        )
        for name, channel in (("newest_email_statement", "e-mail"), ("newest_phone_statement", "phone"))
    ),
)

CUSTOMER = Mart(
    name="customer",
    columns=_PUBLIC_COLUMNS,
    key_hashes=(c.BY_PERSON,),
    refresh_scope=person_scope(
        "customer",
        daily="customer_daily",
        # A pending record may have added an identifier to its person.
        also_affected=f"SELECT company_id, person_id FROM {_PENDING_IDENTITIES}",
        tables={
            "consent_person": _sql(
                "customer/consent_person",
                {
                    "identities_of_changed_subscription": lookup_by_hash(
                        "customer_identity", _CHANGED_SUBSCRIBER, c.BY_IDENTIFIER
                    )
                },
            ),
            "consent_key": f"SELECT company_id, identifier AS customer_key FROM {_CONSENT_IDENTITIES}",
        },
        inputs={"customer_product_subscriber_current": KeyFilter("consent_key", c.BY_CUSTOMER_KEY)},
    ),
    intermediate_tables={
        "stored_totals": replace(
            stored_totals((*_PUBLIC_COLUMNS, *_CARRIED_COLUMNS)),
            incremental_sql=_sql("customer/stored_totals"),
        )
    },
    carried_columns=_CARRIED_COLUMNS,
    reconciliation=Reconciliation(
        "interaction_count", group_by=("company_id",), predicate="customer_key IS NOT NULL"
    ),
    value_rules=(_ADDS_UP,),
)
