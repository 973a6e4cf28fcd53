"""Declarations of `product_daily` and `product`.

`product` is computed from `product_daily`, not from all records of the product. A product that only gains later
days is updated from its stored row and the new days.
"""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DOUBLE, TEXT, DataType, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_rows
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope, feed_scope, stored_totals
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import SALES_ARE_ACTIVITIES, ValueRule, adds_up, at_most

_ATTRIBUTES = {
    "name": ("product_name", TEXT, "Newest name."),
    "category": ("product_category", TEXT, "Newest category name."),
    "category_id": ("product_category_id", TEXT, "Newest category id."),
    "image_link": ("product_image_link", TEXT, "Newest image link."),
    "link": ("product_link", TEXT, "Newest link to the product page."),
    "price": (
        "price",
        c.AMOUNT_TYPE,
        "Newest price: unit price of an activity, else price after discounts, else price; null if none fits.",
    ),
}


_PUBLICATIONS = {"image_link": Publication.LINK, "link": Publication.LINK}
"""What the snapshot shows of an attribute, if not all of it."""


def _newest(attribute: str, type_: DataType, description: str) -> TableColumn:
    return TableColumn(
        f"newest_{attribute}",
        c.newest_of_several(type_),
        f"{description[:-1]}, with the timestamp and record id that decide.",
        publication=c.newest_publication(_PUBLICATIONS.get(attribute, Publication.UNCHANGED)),
    )


_NEWEST = tuple(
    _newest(attribute, type_, description) for attribute, (_, type_, description) in _ATTRIBUTES.items()
)
_RATING_SUM = TableColumn(
    "rating_sum", c.SUM_TYPE, "Sum of the ratings.", is_nullable=False, publication=Publication.UNCHANGED
)

_COUNTS = (
    c.count("interaction_count", "Number of interactions of any kind, unknown customers included."),
    c.count("activity_count", "Number of activities with any action."),
    c.count("wishlist_count", "Number of activities with the action wishlist."),
    c.count("comment_count", "Number of comments."),
    c.count("review_count", "Number of reviews."),
)

_BY_PRODUCT = ("company_id", "product_sku")
_BY_DAY = ("company_id", "activity_date", "product_sku")

_PARTS = (
    at_most("wishlist_count", "activity_count"),
    at_most("rating_count", "review_count"),
    SALES_ARE_ACTIVITIES,
)

PRODUCT_DAILY = Mart(
    name="product_daily",
    columns=(
        c.COMPANY_ID,
        c.ACTIVITY_DATE,
        c.PRODUCT_SKU,
        *_COUNTS,
        c.count("subscribe_count", "Number of subscriptions in force now."),
        c.count("unsubscribe_count", "Number of ended subscriptions."),
        c.count("rating_count", "Number of reviews with a rating."),
        _RATING_SUM,
        *c.SALES,
        c.FIRST_AT,
        c.LAST_AT,
        *_NEWEST,
    ),
    refresh_scope=feed_scope(
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
    reconciliation=Reconciliation("interaction_count", group_by=_BY_DAY, predicate="product_sku IS NOT NULL"),
    value_rules=(
        adds_up("interaction_count", (column.name for column in c.COUNTS[1:])),
        *_PARTS,
    ),
)

_PUBLIC_COLUMNS = (
    c.COMPANY_ID,
    c.PRODUCT_SKU,
    *(
        TableColumn(name, type_, description, publication=_PUBLICATIONS.get(attribute, Publication.UNCHANGED))
        for attribute, (name, type_, description) in _ATTRIBUTES.items()
    ),
    *_COUNTS,
    c.count("subscription_count", "Number of subscriptions in force now."),
    c.count("rating_count", "Number of reviews with a rating."),
    TableColumn("rating_average", DOUBLE, "Average rating, rounded to four decimals; null without ratings."),
    *c.SALES,
    c.FIRST_AT,
    c.LAST_AT,
)
_CARRIED_COLUMNS = (
    c.LAST_DAY,
    _RATING_SUM,
    *_NEWEST,
)

PRODUCT = Mart(
    name="product",
    columns=_PUBLIC_COLUMNS,
    refresh_scope=RefreshScope(
        tables={
            "changed_day": f"SELECT DISTINCT {', '.join(_BY_DAY)} FROM pending WHERE product_sku IS NOT NULL",
            "affected": "SELECT DISTINCT company_id, product_sku FROM changed_day",
            "existing_rows": f"FROM {lookup_rows('product', 'affected', _BY_PRODUCT, None)}",
            "full_recompute_rows": read_sql("cdp_etl.marts.models", "product/full_recompute_rows"),
            "append_only_rows": "FROM existing_rows ANTI JOIN full_recompute_rows USING (company_id, product_sku)",
            # A product without a stored row has no other days than the changed ones.
            "new_days": "FROM changed_day ANTI JOIN full_recompute_rows USING (company_id, product_sku)",
            "history_days": f"FROM {lookup_rows('product_daily', 'full_recompute_rows', _BY_PRODUCT, None)}",
        },
        mart=KeyFilter("affected", _BY_PRODUCT),
        existing_rows="existing_rows",
        inputs={"product_daily": KeyFilter("new_days", _BY_DAY, extra_rows="history_days")},
    ),
    intermediate_tables={"stored_totals": stored_totals((*_PUBLIC_COLUMNS, *_CARRIED_COLUMNS))},
    carried_columns=_CARRIED_COLUMNS,
    reconciliation=Reconciliation("interaction_count", group_by=_BY_PRODUCT, predicate="product_sku IS NOT NULL"),
    value_rules=(
        ValueRule(
            "interaction_count_is_at_least_the_sum_of_its_parts",
            "`interaction_count` is at least the sum of the counts by kind; ended subscriptions have no column.",
            "interaction_count >= activity_count::HUGEINT + comment_count + review_count + subscription_count",
        ),
        *_PARTS,
    ),
)
