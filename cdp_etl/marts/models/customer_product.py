"""The mart `customer_product`: its columns. Its meaning stands in its SQL, its slices in `persons.py`."""

from cdp_etl.contract.table import DAY, DECIMAL_NUMBER, WHOLE, YES_NO, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Counted, Mart
from cdp_etl.marts.engine.scope_person import LAST_DATE, earlier, person_slices
from cdp_etl.marts.models.customer_identity import PERSON_ID

_KEPT_COLUMNS = (
    c.COMPANY_ID,
    PERSON_ID,
    c.PRODUCT_SKU,
    *c.COUNTS,
    c.count("active_day_count", "Days on which something happened."),
    c.FIRST_AT,
    c.LAST_AT,
    TableColumn(
        LAST_DATE,
        DAY,
        "Last day on which something happened, in the business time zone: the score is as of it.",
        is_nullable=False,
    ),
    TableColumn("last_rating", WHOLE, "Rating of the newest review that has one."),
    TableColumn("is_subscribed", YES_NO, "Whether the newest subscription is in force; null without any."),
    TableColumn(
        "affinity_score",
        DECIMAL_NUMBER,
        "Weights of all actions, each halved for every half-life before last_date; may be negative.",
        is_nullable=False,
    ),
    TableColumn(
        "affinity_order",
        DECIMAL_NUMBER,
        "Sorts pairs by affinity as of any one day: log2(affinity_score) + days(last_date) / half-life; null"
        " where the score is not positive.",
    ),
)

CUSTOMER_PRODUCT = Mart(
    name="customer_product",
    columns=(
        *_KEPT_COLUMNS,
        c.count("affinity_rank", "Place of the product among those of the person, from 1."),
    ),
    slices=person_slices(
        "customer_product",
        daily="customer_product_daily",
        by=("product_sku",),
        pieces=c.PIECES_OF_LARGE_MARTS,
    ),
    made={"earlier": earlier(_KEPT_COLUMNS)},
    month_column=LAST_DATE,
    sought_by=((*c.BY_PERSON, "product_sku"), c.BY_PERSON),
    pieces=c.PIECES_OF_LARGE_MARTS,
    # Whatever a person does moves the rank of products that nothing happened to: if it were kept, all that each
    # person of the day has ever touched would have to be made anew, and published again.
    derived={
        "affinity_rank": "row_number() OVER (PARTITION BY company_id, person_id"
        " ORDER BY affinity_order DESC NULLS LAST, affinity_score DESC, last_at DESC, product_sku ASC)"
    },
    counted=Counted(
        "interaction_count",
        by=("company_id", "product_sku"),
        of="customer_key IS NOT NULL AND product_sku IS NOT NULL",
    ),
    settings=("affinity_weights", "affinity_half_life_days", "affinity_low_rating"),
)
