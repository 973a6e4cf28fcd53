"""The marts `product_daily` and `product`: their columns and slices. Their meaning stands in their SQL.

The days are kept so that a product of all time is made from its days, not from all records that name it.
"""

from cdp_etl.contract.table import DECIMAL_NUMBER, TEXT, DataType, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.feed import feed_slices
from cdp_etl.marts.mart import Counted, Mart

_ATTRIBUTES = {
    "name": ("product_name", TEXT, "Newest name."),
    "category": ("product_category", TEXT, "Newest category name."),
    "category_id": ("product_category_id", TEXT, "Newest category id."),
    "image_link": ("product_image_link", TEXT, "Newest link to an image."),
    "link": ("product_link", TEXT, "Newest link to its page."),
    "price": (
        "price",
        c.AMOUNT_TYPE,
        "Newest price: of one unit of an activity, else after discounts, else before; null where none fits.",
    ),
}


def _newest(attribute: str, type_: DataType, description: str) -> TableColumn:
    return TableColumn(
        f"newest_{attribute}", c.newest_of_several(type_), f"{description[:-1]}, with what decides."
    )


_COUNTS = (
    c.count("interaction_count", "Interactions of any kind, those of unknown customers too."),
    c.count("activity_count", "Activities, whatever the action."),
    c.count("wishlist_count", "Activities with the action wishlist."),
    c.count("comment_count", "Comments."),
    c.count("review_count", "Reviews."),
)

PRODUCT_DAILY = Mart(
    name="product_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.PRODUCT_SKU,
        *_COUNTS,
        c.count("subscribe_count", "Subscriptions that are in force now."),
        c.count("unsubscribe_count", "Subscriptions that have ended."),
        c.count("rating_count", "Reviews with a rating."),
        TableColumn("rating_sum", c.SUM_TYPE, "Their ratings, added up.", is_nullable=False),
        c.FIRST_AT,
        c.LAST_AT,
        *(_newest(attribute, type_, description) for attribute, (_, type_, description) in _ATTRIBUTES.items()),
    ),
    slices=feed_slices(
        ("company_id", "activity_date", "product_sku"),
        inputs=(
            "interaction",
            "customer_product_activity_current",
            "customer_product_comment_current",
            "customer_product_review_current",
            "customer_product_subscriber_current",
        ),
    ),
    month_column="activity_date",
    counted=Counted(
        "interaction_count", by=("company_id", "activity_date", "product_sku"), of="product_sku IS NOT NULL"
    ),
)

PRODUCT = Mart(
    name="product",
    columns=(
        c.COMPANY_ID,
        c.PRODUCT_SKU,
        *(TableColumn(name, type_, description) for name, type_, description in _ATTRIBUTES.values()),
        *_COUNTS,
        c.count("subscription_count", "Subscriptions that are in force now."),
        c.count("rating_count", "Reviews with a rating."),
        TableColumn("rating_average", DECIMAL_NUMBER, "Their average, to four digits; null without any."),
        c.FIRST_AT,
        c.LAST_AT,
    ),
    slices=feed_slices(("company_id", "product_sku"), inputs=("product_daily",)),
    counted=Counted("interaction_count", by=("company_id", "product_sku"), of="product_sku IS NOT NULL"),
)
