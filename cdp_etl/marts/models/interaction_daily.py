"""The mart `interaction_daily`: its columns and slices. Its meaning stands in its SQL."""

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Counted, Mart
from cdp_etl.marts.engine.scope_feed import feed_slices

INTERACTION_DAILY = Mart(
    name="interaction_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.KIND,
        c.count("interaction_count", "Interactions."),
        c.count("without_customer_count", "Of them, those for which no customer is known: masked contacts only."),
        c.count("without_product_count", "Of them, those for which no product is known."),
        c.count(
            "customer_and_product_count",
            "Of them, those with both a customer and a product: what `customer_product_daily` holds.",
        ),
    ),
    slices=feed_slices(("company_id", "activity_date"), inputs=("interaction",)),
    month_column="activity_date",
    counted=Counted("interaction_count", by=("company_id", "activity_date")),
)
