"""The mart `customer_product_daily`: its columns and slices. Its meaning stands in its SQL."""

from cdp_etl.contract.table import TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Counted, Mart
from cdp_etl.marts.engine.scope_feed import feed_slices

CUSTOMER_PRODUCT_DAILY = Mart(
    name="customer_product_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.CUSTOMER_KEY,
        c.PRODUCT_SKU,
        *c.COUNTS,
        TableColumn(
            "action_counts", c.COUNTS_TYPE, "Interactions by action, in the order of its name.", is_nullable=False
        ),
        c.amount("activity_amount", "Amounts of the activities, added up; null where no activity has one."),
        TableColumn("ratings", c.NUMBERS_TYPE, "All ratings, in ascending order.", is_nullable=False),
        TableColumn(
            "newest_rating", c.NEWEST_RATING_TYPE, "The newest rating, with what decides which is the newest."
        ),
        TableColumn(
            "newest_subscription",
            c.NEWEST_SUBSCRIPTION_TYPE,
            "Whether the newest subscription is in force, with what decides which is the newest.",
        ),
        c.FIRST_AT,
        c.LAST_AT,
    ),
    slices=feed_slices(("company_id", "activity_date", "customer_key", "product_sku"), inputs=("interaction",)),
    month_column="activity_date",
    sought_by=((*c.BY_CUSTOMER_KEY, "product_sku"),),
    pieces=c.PIECES_OF_LARGE_MARTS,
    counted=Counted(
        "interaction_count",
        by=("company_id", "activity_date", "product_sku"),
        of="customer_key IS NOT NULL AND product_sku IS NOT NULL",
    ),
)
