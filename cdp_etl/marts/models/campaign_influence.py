"""Declarations of the attribution marts `person_campaign_product_daily` and `campaign_influence`.

A click affects the days of one person within the attribution window. A merge of persons may affect all of their
days. Rows written to and deleted from the first mart are the refresh scope of the second.

The history of a person is read only if the set of their identifiers changed. For all other persons the read is
limited to the days around the changed records, so its cost does not depend on the length of the history.
"""

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_hash import key_hash_of
from cdp_etl.marts.engine.key_lookup import fetch_rows, lookup_by_hash, lookup_row_ids
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, KeyFilter, Mart, RefreshScope
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.models.customer_identity import PERSON_ID

_CHANGED_KEY = "(SELECT company_id, customer_key AS identifier FROM changed_day)"
_MESSAGE = "entity IN ('email_interaction', 'sms_interaction') AND customer_key IS NOT NULL"
_CLICKED = "action IN ('email_clicked', 'sms_clicked')"
_CUSTOMER_KEY_HASH = key_hash_of(c.BY_CUSTOMER_KEY)


def _moved_at(found: str) -> str:
    return fetch_rows(
        "interaction", found, "moved_key", c.BY_CUSTOMER_KEY, row_id_chunks=c.LARGE_MART_ROW_ID_CHUNKS
    )


_NEAR = f"""
    (FROM moved_place SEMI JOIN reached USING ({_CUSTOMER_KEY_HASH.name}, activity_date) WHERE NOT is_click)
"""

_TABLES = {
    # Of messages only clicks reach anything; what a record was before is not known, so it may have been one.
    "click": f"""
        SELECT clicked.company_id, clicked.customer_key, clicked.activity_date
        FROM interaction AS clicked
        INNER JOIN pending USING (key_hash, record_key, activity_date)
        WHERE pending.image = 'after' AND clicked.{_CLICKED}
        AND clicked.customer_key IS NOT NULL
        UNION
        SELECT company_id, customer_key, activity_date FROM pending WHERE image = 'before' AND {_MESSAGE}
    """,
    "changed_day": """
        SELECT company_id, customer_key, activity_date
        FROM pending
        WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL
        UNION
        SELECT company_id, customer_key, activity_date + unnest(range(getvariable('influence_days') + 2))::INTEGER
        FROM click
    """,
    "moved": """
        WITH change AS (
          FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
        )
        SELECT company_id, person_before AS person_id FROM change
        UNION
        SELECT company_id, person_after FROM change WHERE person_after IS NOT NULL
    """,
    "moved_key": f"""
        SELECT company_id, person_id, identifier AS customer_key
        FROM {lookup_by_hash("customer_identity", "moved", c.BY_PERSON)}
    """,
    "moved_place": lookup_row_ids(
        "interaction",
        "moved_key",
        _CUSTOMER_KEY_HASH,
        extra_columns=f", {_CUSTOMER_KEY_HASH.name}, candidate.activity_date, candidate.{_CLICKED} AS is_click",
    ),
    "moved_click": f"FROM {_moved_at('(FROM moved_place WHERE is_click)')}",
    # What no click of the person reaches is not read, however much the person has done.
    "reached": f"""
        WITH reached AS (
          SELECT DISTINCT
            company_id,
            person_id,
            activity_date + unnest(range(getvariable('influence_days') + 2))::INTEGER AS activity_date
          FROM moved_click
          INNER JOIN moved_key USING (company_id, customer_key)
        )
        SELECT DISTINCT {_CUSTOMER_KEY_HASH.expression} AS {_CUSTOMER_KEY_HASH.name}, activity_date
        FROM reached
        INNER JOIN moved_key USING (company_id, person_id)
    """,
    # What tells clicks at one moment apart is dear to read, and nothing else needs it.
    "moved_interaction": f"""
        SELECT
          company_id, entity, record_id, system_name, dump_date, occurred_at, activity_date, customer_key, action,
          channel, service_provider, campaign_id, product_sku
        FROM moved_click
        UNION ALL BY NAME
        SELECT company_id, occurred_at, activity_date, customer_key, product_sku
        FROM {_moved_at(_NEAR)}
        WHERE product_sku IS NOT NULL
    """,
    "affected": f"""
        SELECT changed_day.company_id, person.person_id, changed_day.activity_date
        FROM changed_day
        INNER JOIN {lookup_by_hash("customer_identity", _CHANGED_KEY, c.BY_IDENTIFIER)} AS person
          ON changed_day.company_id = person.company_id AND changed_day.customer_key = person.identifier
        UNION
        SELECT company_id, person_id, activity_date
        FROM moved_interaction
        INNER JOIN moved_key USING (company_id, customer_key)
        UNION
        SELECT company_id, person_id, activity_date
        FROM {lookup_by_hash("person_campaign_product_daily", "moved", c.BY_PERSON)}
    """,
    "staying": "FROM affected ANTI JOIN moved USING (company_id, person_id)",
    "staying_key": f"""
        SELECT company_id, identifier AS customer_key
        FROM {lookup_by_hash("customer_identity", "staying", c.BY_PERSON)}
    """,
    "about": """
        SELECT
          min(activity_date) - getvariable('influence_days')::INTEGER - 1 AS first_day,
          max(activity_date) AS last_day
        FROM staying
    """,
}

PERSON_CAMPAIGN_PRODUCT_DAILY = Mart(
    name="person_campaign_product_daily",
    columns=(
        c.COMPANY_ID,
        PERSON_ID,
        *CAMPAIGN_COLUMNS,
        c.PRODUCT_SKU,
        c.ACTIVITY_DATE,
        c.count(
            "interaction_count", "Inferred: interactions of the person with the product attributed to the click."
        ),
    ),
    refresh_scope=RefreshScope(
        tables=_TABLES,
        mart=KeyFilter("affected", (*c.BY_PERSON, "activity_date")),
        inputs={
            "customer_identity": KeyFilter("affected", c.BY_PERSON, materialize=True),
            "interaction": KeyFilter(
                "staying_key", c.BY_CUSTOMER_KEY, date_range="about", extra_rows="moved_interaction"
            ),
        },
        filter_output=True,
    ),
    month_column="activity_date",
    key_hashes=(c.BY_PERSON,),
    settings=("influence_days",),
)

_BY_PRODUCT_DAY = ("company_id", "product_sku", "activity_date")

CAMPAIGN_INFLUENCE = Mart(
    name="campaign_influence",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        c.PRODUCT_SKU,
        c.ACTIVITY_DATE,
        c.count("interaction_count", "Inferred: interactions with the product attributed to the campaign."),
        c.count("person_count", "Inferred: persons with such interactions."),
    ),
    refresh_scope=RefreshScope(
        tables={
            "affected": f"""
                SELECT {", ".join(_BY_PRODUCT_DAY)}
                FROM {PERSON_CAMPAIGN_PRODUCT_DAILY.storage_table}
                WHERE {WRITTEN_BY.name} > getvariable('applied_load_seq')
                UNION
                SELECT {", ".join(_BY_PRODUCT_DAY)}
                FROM {PERSON_CAMPAIGN_PRODUCT_DAILY.tombstone_table}
                WHERE {DELETED_BY.name} > getvariable('applied_load_seq')
            """
        },
        mart=KeyFilter("affected", _BY_PRODUCT_DAY),
        follows_rows_of=PERSON_CAMPAIGN_PRODUCT_DAILY.name,
        inputs={PERSON_CAMPAIGN_PRODUCT_DAILY.name: KeyFilter("affected", _BY_PRODUCT_DAY)},
    ),
    month_column="activity_date",
)
