"""Declarations of the attribution marts `person_campaign_product_daily` and `campaign_influence`.

Rows written to and deleted from the first mart are the refresh scope of the second.
"""

from functools import partial

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import at_most
from cdp_etl.marts.models.attribution_scope.scope import attribution_scope
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.models.customer_identity import PERSON_ID

_sql = partial(read_sql, "cdp_etl.marts.models")

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
    refresh_scope=attribution_scope(
        "person_campaign_product_daily",
        window_days="getvariable('influence_days')",
        is_touch="event_type = 'clicked'",
        is_outcome="product_sku IS NOT NULL",
        may_be_outcome="product_sku IS NOT NULL",
        outcome_columns=("product_sku",),
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
        tables={"affected": _sql("campaign_influence/affected")},
        mart=KeyFilter("affected", _BY_PRODUCT_DAY),
        follows_rows_of=PERSON_CAMPAIGN_PRODUCT_DAILY.name,
        inputs={PERSON_CAMPAIGN_PRODUCT_DAILY.name: KeyFilter("affected", _BY_PRODUCT_DAY)},
    ),
    month_column="activity_date",
    value_rules=(at_most("person_count", "interaction_count"),),
)
