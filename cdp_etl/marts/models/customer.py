"""The marts `customer_daily` and `customer`: their columns and slices. Their meaning stands in their SQL."""

from dataclasses import replace

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.table import TEXT, TEXTS, YES_NO, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import sought_by
from cdp_etl.marts.engine.mart import Counted, Mart, Slice
from cdp_etl.marts.engine.scope_feed import feed_slices
from cdp_etl.marts.engine.scope_person import LAST_DAY, earlier, person_slices
from cdp_etl.marts.models.customer_identity import PERSON_ID

_NEWEST_TEXT = c.newest_of_several(TEXT)
_COUNTS = (
    *c.COUNTS,
    c.count("email_count", "Events of e-mails, as reported."),
    c.count("sms_count", "Events of text messages, as reported."),
)
_REFUSALS = (
    TableColumn(
        "latest_email_opt_out",
        _NEWEST_TEXT,
        "Newest e-mail unsubscribed from or complained of; null where there is none.",
    ),
    TableColumn(
        "newest_sms_refusal",
        _NEWEST_TEXT,
        "Newest text message unsubscribed from or complained of; null where there is none.",
    ),
)
_SUBSCRIBER = (
    "(SELECT DISTINCT company_id, customer_key AS identifier FROM pending"
    " WHERE entity = 'customer_product_subscriber' AND customer_key IS NOT NULL)"
)
_NAMED = "(SELECT DISTINCT company_id, unnest(identifiers) AS identifier FROM pending)"

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
            "Newest name, with what decides; null where the day names none.",
            personal=Personal.NAME,
        ),
        *_REFUSALS,
    ),
    slices=feed_slices(
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
    sought_by=(c.BY_CUSTOMER_KEY,),
    counted=Counted("interaction_count", by=("company_id", "activity_date"), of="customer_key IS NOT NULL"),
)

_KEPT_COLUMNS = (
    c.COMPANY_ID,
    PERSON_ID,
    TableColumn(
        "customer_name", TEXT, "Newest name that any record gives; null without any.", personal=Personal.NAME
    ),
    TableColumn(
        "identifiers",
        TEXTS,
        "All identifiers of the person, in order.",
        personal=Personal.IDENTIFIER,
        is_nullable=False,
    ),
    *_COUNTS,
    c.FIRST_AT,
    c.LAST_AT,
    TableColumn("has_email_consent", YES_NO, "Whether e-mails may be sent, by the newest statement; null: none."),
    TableColumn("has_phone_consent", YES_NO, "Whether texts may be sent, by the newest statement; null: none."),
)
_BESIDE = (
    LAST_DAY,
    *_REFUSALS,
    *(
        TableColumn(
            name,
            c.newest_of_several(YES_NO),
            f"Newest subscription, or end of one, that says whether by {channel}; null where there is none.",
        )
        for name, channel in (("newest_email_statement", "e-mail"), ("newest_phone_statement", "phone"))
    ),
)
# Of whom a subscription changed, or who is not gone on from, all subscriptions are read; of others none.
_RESTATED = f"""
    SELECT person.company_id, person.person_id
    FROM {sought_by("customer_identity", _SUBSCRIBER, c.BY_IDENTIFIER)} AS person
    UNION
    SELECT company_id, person_id FROM touched ANTI JOIN grown USING (company_id, person_id)
"""

CUSTOMER = Mart(
    name="customer",
    columns=_KEPT_COLUMNS,
    sought_by=(c.BY_PERSON,),
    slices=person_slices(
        "customer",
        daily="customer_daily",
        # Identifiers that come with a record may be new ones of the person.
        touched_too=f"SELECT company_id, person_id FROM {sought_by('customer_identity', _NAMED, c.BY_IDENTIFIER)}",
        tables={
            "restated": _RESTATED,
            "restated_key": "SELECT company_id, identifier AS customer_key FROM"
            f" {sought_by('customer_identity', 'restated', c.BY_PERSON)}",
        },
        inputs={"customer_product_subscriber_current": Slice("restated_key", c.BY_CUSTOMER_KEY)},
    ),
    made={
        "earlier": replace(
            earlier((*_KEPT_COLUMNS, *_BESIDE)),
            touched="""
                SELECT * REPLACE (NULL AS newest_email_statement, NULL AS newest_phone_statement)
                FROM grown SEMI JOIN restated USING (company_id, person_id)
                UNION ALL
                FROM grown ANTI JOIN restated USING (company_id, person_id)
            """,
        )
    },
    beside=_BESIDE,
    counted=Counted("interaction_count", by=("company_id",), of="customer_key IS NOT NULL"),
)
