"""The mart `customer_product`: its columns and slices. Its meaning stands in its SQL.

A pair is touched when a record of it changed, or when an identifier came to its person or left it: then what the
identifier's persons before had done may be done by the person that it stands for now.
"""

from cdp_etl.contract.table import DAY, DECIMAL_NUMBER, WHOLE, YES_NO, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.customer_identity import PERSON_ID
from cdp_etl.marts.mart import Counted, Mart, Slice, Slices
from cdp_etl.marts.seeking import sought_by

_PAIR = (*c.BY_PERSON, "product_sku")
_PAIR_BY_KEY = (*c.BY_CUSTOMER_KEY, "product_sku")
_PENDING_KEY = """(
    SELECT DISTINCT company_id, customer_key AS identifier
    FROM pending
    WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL
)"""

CUSTOMER_PRODUCT = Mart(
    name="customer_product",
    columns=(
        c.COMPANY_ID,
        PERSON_ID,
        c.PRODUCT_SKU,
        c.count("interaction_count", "Interactions of any kind."),
        c.count("activity_count", "Activities, whatever the action."),
        c.count("comment_count", "Comments."),
        c.count("review_count", "Reviews."),
        c.count("subscribe_count", "Subscriptions that are in force now."),
        c.count("unsubscribe_count", "Subscriptions that have ended."),
        c.count("active_day_count", "Days on which something happened."),
        c.FIRST_AT,
        c.LAST_AT,
        TableColumn(
            "last_date",
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
        c.count("affinity_rank", "Place of the product among those of the person, from 1."),
    ),
    slices=Slices(
        tables={
            "moved": """
                SELECT company_id, identifier, person_before AS person_id
                FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
                UNION
                SELECT company_id, identifier, person_after
                FROM marts.customer_identity_change
                WHERE load_seq > getvariable('applied_load_seq') AND person_after IS NOT NULL
            """,
            "held": f"""
                SELECT company_id, person_id, product_sku
                FROM {sought_by("customer_product", "moved", c.BY_PERSON)}
            """,
            "touched": f"""
                SELECT pending.company_id, person.person_id, pending.product_sku
                FROM (
                  SELECT DISTINCT company_id, customer_key, product_sku FROM pending
                  WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL
                ) AS pending
                INNER JOIN {sought_by("customer_identity", _PENDING_KEY, c.BY_IDENTIFIER)} AS person
                  ON pending.company_id = person.company_id AND pending.customer_key = person.identifier
                UNION
                FROM held
                UNION
                SELECT moved.company_id, person.person_id, held.product_sku
                FROM moved
                INNER JOIN held USING (company_id, person_id)
                INNER JOIN {sought_by("customer_identity", "moved", c.BY_IDENTIFIER)} AS person
                  ON moved.company_id = person.company_id AND moved.identifier = person.identifier
            """,
            "touched_key": f"""
                SELECT person.company_id, person.identifier AS customer_key, touched.product_sku
                FROM touched
                INNER JOIN {sought_by("customer_identity", "touched", c.BY_PERSON)} AS person
                  USING (company_id, person_id)
            """,
        },
        mart=Slice("touched", _PAIR),
        inputs={
            "customer_identity": Slice("touched", c.BY_PERSON),
            "customer_product_daily": Slice("touched_key", _PAIR_BY_KEY),
        },
        parted_by=c.BY_PERSON,
    ),
    month_column="last_date",
    sought_by=(_PAIR, c.BY_PERSON),
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
