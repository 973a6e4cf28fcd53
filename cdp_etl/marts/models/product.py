"""The marts `product_daily` and `product`: their columns and slices. Their meaning stands in their SQL.

The days are kept so that a product of all time is made from its days, not from all records that name it; and from
its row as it was where it only gains days.
"""

from cdp_etl.contract.table import DECIMAL_NUMBER, TEXT, DataType, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import sought
from cdp_etl.marts.engine.mart import Counted, Mart, Slice, Slices
from cdp_etl.marts.engine.scope_feed import feed_slices
from cdp_etl.marts.engine.scope_person import LAST_DATE, LAST_DAY, earlier

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


_NEWEST = tuple(
    _newest(attribute, type_, description) for attribute, (_, type_, description) in _ATTRIBUTES.items()
)
_RATING_SUM = TableColumn("rating_sum", c.SUM_TYPE, "Their ratings, added up.", is_nullable=False)

_COUNTS = (
    c.count("interaction_count", "Interactions of any kind, those of unknown customers too."),
    c.count("activity_count", "Activities, whatever the action."),
    c.count("wishlist_count", "Activities with the action wishlist."),
    c.count("comment_count", "Comments."),
    c.count("review_count", "Reviews."),
)

_BY_PRODUCT = ("company_id", "product_sku")
_BY_DAY = ("company_id", "activity_date", "product_sku")

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
        _RATING_SUM,
        c.FIRST_AT,
        c.LAST_AT,
        *_NEWEST,
    ),
    slices=feed_slices(
        _BY_DAY,
        inputs=(
            "interaction",
            "customer_product_activity_current",
            "customer_product_comment_current",
            "customer_product_review_current",
            "customer_product_subscriber_current",
        ),
    ),
    month_column="activity_date",
    counted=Counted("interaction_count", by=_BY_DAY, of="product_sku IS NOT NULL"),
)

_KEPT_COLUMNS = (
    c.COMPANY_ID,
    c.PRODUCT_SKU,
    *(TableColumn(name, type_, description) for name, type_, description in _ATTRIBUTES.values()),
    *_COUNTS,
    c.count("subscription_count", "Subscriptions that are in force now."),
    c.count("rating_count", "Reviews with a rating."),
    TableColumn("rating_average", DECIMAL_NUMBER, "Their average, to four digits; null without any."),
    c.FIRST_AT,
    c.LAST_AT,
)
_BESIDE = (
    LAST_DAY,
    _RATING_SUM,
    *_NEWEST,
)

PRODUCT = Mart(
    name="product",
    columns=_KEPT_COLUMNS,
    slices=Slices(
        tables={
            "changed_day": """
                SELECT DISTINCT company_id, activity_date, product_sku FROM pending WHERE product_sku IS NOT NULL
            """,
            "touched": "SELECT DISTINCT company_id, product_sku FROM changed_day",
            "held": f"FROM {sought('product', 'touched', _BY_PRODUCT, None)}",
            "read_whole": f"""
                SELECT DISTINCT company_id, product_sku
                FROM changed_day
                INNER JOIN held USING (company_id, product_sku)
                WHERE changed_day.activity_date <= held.{LAST_DATE}
            """,
            "grown": "FROM held ANTI JOIN read_whole USING (company_id, product_sku)",
            # What was not held has no days but those that changed.
            "new_day": "FROM changed_day ANTI JOIN read_whole USING (company_id, product_sku)",
            "old_day": f"FROM {sought('product_daily', 'read_whole', _BY_PRODUCT, None)}",
        },
        mart=Slice("touched", _BY_PRODUCT),
        found="held",
        inputs={"product_daily": Slice("new_day", _BY_DAY, beside="old_day")},
    ),
    made={"earlier": earlier((*_KEPT_COLUMNS, *_BESIDE))},
    beside=_BESIDE,
    counted=Counted("interaction_count", by=_BY_PRODUCT, of="product_sku IS NOT NULL"),
)
