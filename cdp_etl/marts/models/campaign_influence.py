"""The marts of inferred influence: their columns and slices. Their meaning stands in their SQL.

By person first: a click changes the days that it reaches, of one person; a merge of persons may change all
of their days. Which rows of these were made and which have left since tells what changes in `campaign_influence`.

Of persons that no identifier came to or left only the days about the changed ones are read, however long the
history is: the interactions of all others are found once.
"""

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_hash import lookup_by
from cdp_etl.marts.engine.key_lookup import places, rows_at, sought_by
from cdp_etl.marts.engine.mart import LEFT_BY, MADE_BY, Mart, Slice, Slices
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.models.customer_identity import PERSON_ID

_CHANGED_KEY = "(SELECT company_id, customer_key AS identifier FROM changed_day)"
_MESSAGE = "entity IN ('email_interaction', 'sms_interaction') AND customer_key IS NOT NULL"
_CLICKED = "action IN ('email_clicked', 'sms_clicked')"
_KEY_LOOKUP = lookup_by(c.BY_CUSTOMER_KEY)


def _moved_at(found: str) -> str:
    return rows_at("interaction", found, "moved_key", c.BY_CUSTOMER_KEY, pieces=c.PIECES_OF_LARGE_MARTS)


_NEAR = f"""
    (FROM moved_place SEMI JOIN reached USING ({_KEY_LOOKUP.name}, activity_date) WHERE NOT is_click)
"""

_TABLES = {
    # Of messages only clicks reach anything; what a record was before is not known, so it may have been one.
    "click": f"""
        SELECT clicked.company_id, clicked.customer_key, clicked.activity_date
        FROM interaction AS clicked
        INNER JOIN pending USING (key_hash, record_key, activity_date)
        WHERE pending.side = 'after' AND clicked.{_CLICKED}
        AND clicked.customer_key IS NOT NULL
        UNION
        SELECT company_id, customer_key, activity_date FROM pending WHERE side = 'before' AND {_MESSAGE}
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
        FROM {sought_by("customer_identity", "moved", c.BY_PERSON)}
    """,
    "moved_place": places(
        "interaction",
        "moved_key",
        _KEY_LOOKUP,
        beside=f", {_KEY_LOOKUP.name}, candidate.activity_date, candidate.{_CLICKED} AS is_click",
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
        SELECT DISTINCT {_KEY_LOOKUP.expression} AS {_KEY_LOOKUP.name}, activity_date
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
    "touched": f"""
        SELECT changed_day.company_id, person.person_id, changed_day.activity_date
        FROM changed_day
        INNER JOIN {sought_by("customer_identity", _CHANGED_KEY, c.BY_IDENTIFIER)} AS person
          ON changed_day.company_id = person.company_id AND changed_day.customer_key = person.identifier
        UNION
        SELECT company_id, person_id, activity_date
        FROM moved_interaction
        INNER JOIN moved_key USING (company_id, customer_key)
        UNION
        SELECT company_id, person_id, activity_date
        FROM {sought_by("person_campaign_product_daily", "moved", c.BY_PERSON)}
    """,
    "staying": "FROM touched ANTI JOIN moved USING (company_id, person_id)",
    "staying_key": f"""
        SELECT company_id, identifier AS customer_key
        FROM {sought_by("customer_identity", "staying", c.BY_PERSON)}
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
        c.count("interaction_count", "Inferred: interactions of the person with the product after the click."),
    ),
    slices=Slices(
        tables=_TABLES,
        mart=Slice("touched", (*c.BY_PERSON, "activity_date")),
        inputs={
            "customer_identity": Slice("touched", c.BY_PERSON, is_sought_once=True),
            "interaction": Slice("staying_key", c.BY_CUSTOMER_KEY, days="about", beside="moved_interaction"),
        },
        gives_more=True,
    ),
    month_column="activity_date",
    sought_by=(c.BY_PERSON,),
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
        c.count("interaction_count", "Inferred: interactions with the product after a click in the campaign."),
        c.count("person_count", "Inferred: persons who had them."),
    ),
    slices=Slices(
        tables={
            "touched": f"""
                SELECT {", ".join(_BY_PRODUCT_DAY)}
                FROM {PERSON_CAMPAIGN_PRODUCT_DAILY.kept_table}
                WHERE {MADE_BY.name} > getvariable('applied_load_seq')
                UNION
                SELECT {", ".join(_BY_PRODUCT_DAY)}
                FROM {PERSON_CAMPAIGN_PRODUCT_DAILY.left_table}
                WHERE {LEFT_BY.name} > getvariable('applied_load_seq')
            """
        },
        mart=Slice("touched", _BY_PRODUCT_DAY),
        follows=PERSON_CAMPAIGN_PRODUCT_DAILY.name,
        inputs={PERSON_CAMPAIGN_PRODUCT_DAILY.name: Slice("touched", _BY_PRODUCT_DAY)},
    ),
    month_column="activity_date",
)
