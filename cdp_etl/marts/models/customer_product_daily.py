"""Declaration of `customer_product_daily`."""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import feed_scope
from cdp_etl.marts.engine.value_rule import SALES_ARE_ACTIVITIES, ValueRule, adds_up, map_adds_up

CUSTOMER_PRODUCT_DAILY = Mart(
    name="customer_product_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.CUSTOMER_KEY,
        c.PRODUCT_SKU,
        *c.COUNTS,
        TableColumn(
            "action_counts",
            c.COUNTS_TYPE,
            "Number of interactions by action, sorted by action.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        c.amount("activity_amount", "Sum of the amounts of the activities; null if no activity has an amount."),
        TableColumn(
            "ratings",
            c.NUMBERS_TYPE,
            "All ratings, ascending.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        TableColumn(
            "newest_rating",
            c.NEWEST_RATING_TYPE,
            "Newest rating, with the timestamp and record id that decide.",
            publication=c.NEWEST_RATING_PUBLICATION,
        ),
        TableColumn(
            "newest_subscription",
            c.NEWEST_SUBSCRIPTION_TYPE,
            "State of the newest subscription, with the timestamp and record id that decide.",
            publication=c.NEWEST_SUBSCRIPTION_PUBLICATION,
        ),
        *c.SALES,
        c.FIRST_AT,
        c.LAST_AT,
    ),
    refresh_scope=feed_scope(
        ("company_id", "activity_date", "customer_key", "product_sku"), inputs=("interaction",)
    ),
    month_column="activity_date",
    key_hashes=((*c.BY_CUSTOMER_KEY, "product_sku"),),
    row_id_chunks=LARGE_MART_ROW_ID_CHUNKS,
    reconciliation=Reconciliation(
        "interaction_count",
        group_by=("company_id", "activity_date", "product_sku"),
        predicate="customer_key IS NOT NULL AND product_sku IS NOT NULL",
    ),
    value_rules=(
        adds_up("interaction_count", (column.name for column in c.COUNTS[1:])),
        map_adds_up("interaction_count", "action_counts"),
        SALES_ARE_ACTIVITIES,
        ValueRule(
            "ratings_are_of_reviews",
            "There is at most one rating for each review.",
            "len(ratings) <= review_count",
        ),
    ),
)
