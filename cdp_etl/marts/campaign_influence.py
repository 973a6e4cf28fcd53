"""The marts of inferred influence: their columns and slices. Their meaning stands in their SQL.

By person first: a late click or a merge of persons changes what came after, on whichever days, but of these
persons alone. What is left over of all interactions is small, so `campaign_influence` is computed whole from it.
"""

from cdp_etl.marts import columns as c
from cdp_etl.marts.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.customer_identity import PERSON_ID
from cdp_etl.marts.mart import Mart
from cdp_etl.marts.persons import person_slices

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
    slices=person_slices(by_key=("interaction",), is_parted=False),
    month_column="activity_date",
    settings=("influence_days",),
)

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
    slices=None,
    month_column="activity_date",
)
