"""Declaration of `customer_product`."""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import BOOLEAN, DATE, DOUBLE, INTEGER, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import stored_totals
from cdp_etl.marts.engine.value_rule import SALES_ARE_ACTIVITIES, adds_up, at_most
from cdp_etl.marts.models.customer_identity import PERSON_ID
from cdp_etl.marts.models.person_scope.scope import person_scope

_STORED_COLUMNS = (
    c.COMPANY_ID,
    PERSON_ID,
    c.PRODUCT_SKU,
    *c.COUNTS,
    c.count("active_day_count", "Number of days with an interaction."),
    *c.SALES,
    c.FIRST_AT,
    c.LAST_AT,
    TableColumn(
        c.LAST_DATE,
        DATE,
        "Day of the last interaction, in the business time zone; the score is as of this day.",
        is_nullable=False,
    ),
    TableColumn(
        "last_rating",
        INTEGER,
        "Rating of the newest review with a rating.",
        publication=Publication.UNCHANGED,
    ),
    TableColumn(
        "is_subscribed", BOOLEAN, "True if the newest subscription is in force; null without a subscription."
    ),
    TableColumn(
        "affinity_score",
        DOUBLE,
        "Sum of the weights of all actions, each halved per half-life before last_date; may be negative.",
        is_nullable=False,
    ),
    TableColumn(
        "affinity_order",
        DOUBLE,
        "Sort key for pairs, the same order on any day: log2(affinity_score) + days from 2000-01-01 to last_date /"
        " half-life; null if the score is not positive.",
    ),
)
_MILLIONTHS = TableColumn(
    "affinity_millionths", c.SUM_TYPE, "affinity_score in millionths, exactly.", is_nullable=False
)

CUSTOMER_PRODUCT = Mart(
    name="customer_product",
    columns=(
        *_STORED_COLUMNS,
        c.count("affinity_rank", "Rank of the product among the products of the person, from 1."),
    ),
    refresh_scope=person_scope(
        "customer_product",
        daily="customer_product_daily",
        extra_grain=("product_sku",),
        row_id_chunks=LARGE_MART_ROW_ID_CHUNKS,
    ),
    intermediate_tables={"stored_totals": stored_totals((*_STORED_COLUMNS, _MILLIONTHS))},
    carried_columns=(_MILLIONTHS,),
    month_column=c.LAST_DATE,
    key_hashes=((*c.BY_PERSON, "product_sku"), c.BY_PERSON),
    row_id_chunks=LARGE_MART_ROW_ID_CHUNKS,
    # Any interaction shifts the ranks of the person's other products. A stored rank would rewrite and publish all
    # products of every person of the day.
    derived={
        "affinity_rank": "row_number() OVER (PARTITION BY company_id, person_id"
        " ORDER BY affinity_order DESC NULLS LAST, affinity_score DESC, last_at DESC, product_sku ASC)"
    },
    reconciliation=Reconciliation(
        "interaction_count",
        group_by=("company_id", "product_sku"),
        predicate="customer_key IS NOT NULL AND product_sku IS NOT NULL",
    ),
    value_rules=(
        adds_up("interaction_count", (column.name for column in c.COUNTS[1:])),
        at_most("active_day_count", "interaction_count"),
        SALES_ARE_ACTIVITIES,
    ),
    settings=(
        "affinity_weight_millionths",
        "affinity_type_weight_millionths",
        "affinity_decay",
        "affinity_half_life_days",
        "affinity_low_rating",
    ),
)
