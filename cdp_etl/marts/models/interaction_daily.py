"""Declaration of `interaction_daily`."""

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import feed_scope
from cdp_etl.marts.engine.value_rule import ValueRule, at_most

INTERACTION_DAILY = Mart(
    name="interaction_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.KIND,
        c.count("interaction_count", "Number of interactions."),
        c.count("without_customer_count", "Interactions without a known customer: masked contacts only."),
        c.count("without_product_count", "Interactions without a known product."),
        c.count(
            "customer_and_product_count",
            "Interactions with both a customer and a product, which `customer_product_daily` contains.",
        ),
    ),
    refresh_scope=feed_scope(("company_id", "activity_date"), inputs=("interaction",)),
    month_column="activity_date",
    value_rules=(
        at_most("without_customer_count", "interaction_count"),
        at_most("without_product_count", "interaction_count"),
        ValueRule(
            "parts_add_up",
            "An interaction lacks a customer, or a product, or both, or has both.",
            "customer_and_product_count BETWEEN"
            " interaction_count - without_customer_count::HUGEINT - without_product_count"
            " AND interaction_count - greatest(without_customer_count, without_product_count)",
        ),
    ),
    reconciliation=Reconciliation("interaction_count", group_by=("company_id", "activity_date")),
)
