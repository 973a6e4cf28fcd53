"""Declarations of `person_basket`, `product_pair_month`, `basket_month` and `product_pair`.

A record can join or split the baskets of its person, and a merge of persons can do so with all of theirs. So all
baskets of an affected person are computed again, and only those that differ are written. The months of written and
deleted baskets are the refresh scope of the two marts by month.

Each new basket changes the support and the lift of every pair of the company. So each run computes `product_pair`
in full, from the pairs by month.
"""

from functools import partial

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DATE, DOUBLE, INTEGER, TEXT, TEXT_LIST, TIMESTAMP, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import ValueRule, at_most
from cdp_etl.marts.models.customer_identity import PERSON_ID

_sql = partial(read_sql, "cdp_etl.marts.models")

_PENDING_KEY = (
    "(SELECT company_id, customer_key AS identifier FROM pending"
    " WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL)"
)
_CANDIDATE_IDENTITIES = lookup_by_hash("customer_identity", "candidate_person", c.BY_PERSON)
_CANDIDATE_INTERACTIONS = lookup_by_hash(
    "interaction", "candidate_key", c.BY_CUSTOMER_KEY, row_id_chunks=LARGE_MART_ROW_ID_CHUNKS
)
_STORED_BASKETS = lookup_by_hash("person_basket", "candidate_person", c.BY_PERSON)

_KIND = TableColumn(
    "basket_kind",
    TEXT,
    "seen: products of a session; bought: products purchased together; no other.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
_MONTH = TableColumn("basket_month", DATE, "First day of the month in which the basket began.", is_nullable=False)
_BASKET_COUNT = c.count("basket_count", "Baskets with both products.")
_KIND_IS_LISTED = ValueRule(
    "basket_kind_is_listed", "`basket_kind` is seen or bought.", "basket_kind IN ('seen', 'bought')"
)
_BASKET = (*c.BY_PERSON, "basket_kind", "started_at")
_BASKET_COLUMNS = (
    c.COMPANY_ID,
    PERSON_ID,
    _KIND,
    TableColumn("started_at", TIMESTAMP, "Timestamp of the first interaction, UTC.", is_nullable=False),
    _MONTH,
    c.count("product_count", "Distinct products."),
    TableColumn(
        "products",
        TEXT_LIST,
        "Product SKUs, sorted; null if the basket has too many.",
        publication=Publication.UNCHANGED,
    ),
)

PERSON_BASKET = Mart(
    name="person_basket",
    columns=_BASKET_COLUMNS,
    refresh_scope=RefreshScope(
        tables={
            "reassigned_identifier": _sql("person_scope/reassigned_identifier"),
            "candidate_person": _sql(
                "person_month/affected",
                {"persons_with_pending_key": lookup_by_hash("customer_identity", _PENDING_KEY, c.BY_IDENTIFIER)},
            ),
            "candidate_identity": f"SELECT company_id, person_id, identifier FROM {_CANDIDATE_IDENTITIES}",
            "candidate_key": "SELECT company_id, identifier AS customer_key FROM candidate_identity",
            "candidate_interaction": (
                "SELECT company_id, customer_key, occurred_at, activity_date, product_sku, sale_type"
                f" FROM {_CANDIDATE_INTERACTIONS} WHERE product_sku IS NOT NULL"
            ),
            "current_basket": (
                "WITH interaction AS (FROM candidate_interaction), customer_identity AS (FROM candidate_identity)"
                f" FROM ({_sql('person_basket')}\n)"
            ),
            "stored_basket": f"FROM {_STORED_BASKETS}",
            "affected": _sql(
                "person_basket/affected", {"columns": ", ".join(column.name for column in _BASKET_COLUMNS)}
            ),
            "outdated_basket": f"FROM stored_basket SEMI JOIN affected USING ({', '.join(_BASKET)})",
            "no_key": "SELECT company_id, customer_key FROM candidate_key WHERE false",
        },
        mart=KeyFilter("affected", _BASKET),
        existing_rows="outdated_basket",
        inputs={
            "customer_identity": KeyFilter("affected", c.BY_PERSON, materialize=True),
            "interaction": KeyFilter("no_key", c.BY_CUSTOMER_KEY, extra_rows="candidate_interaction"),
        },
        chunk_by=c.BY_PERSON,
        filter_output=True,
    ),
    # The tombstones have this column, so the marts by month know the months that baskets were deleted from.
    month_column="basket_month",
    key_hashes=(c.BY_PERSON,),
    is_published=False,
    settings=("session_minutes", "bought_together_days", "max_basket_products"),
    value_rules=(
        _KIND_IS_LISTED,
        ValueRule(
            "products_are_those_counted",
            "`products` has as many products as `product_count` says, at least one.",
            "len(products) = product_count AND product_count > 0",
        ),
    ),
)

BY_MONTH = ("company_id", "basket_kind", "basket_month")

_MONTH_SCOPE = RefreshScope(
    tables={"affected": _sql("product_pair/affected")},
    mart=KeyFilter("affected", BY_MONTH),
    follows_rows_of=PERSON_BASKET.name,
    inputs={PERSON_BASKET.name: KeyFilter("affected", BY_MONTH)},
)


def _product(name: str, description: str) -> TableColumn:
    return TableColumn(name, TEXT, description, is_nullable=False, publication=Publication.UNCHANGED)


PRODUCT_PAIR_MONTH = Mart(
    name="product_pair_month",
    columns=(
        c.COMPANY_ID,
        _KIND,
        _MONTH,
        _product("product_a", "SKU of a product."),
        _product("product_b", "SKU of a product that is not before it, or the same."),
        _BASKET_COUNT,
    ),
    refresh_scope=_MONTH_SCOPE,
    month_column="basket_month",
    is_published=False,
    value_rules=(
        _KIND_IS_LISTED,
        ValueRule("products_are_in_order", "`product_a` is not after `product_b`.", "product_a <= product_b"),
    ),
)

BASKET_MONTH = Mart(
    name="basket_month",
    columns=(
        c.COMPANY_ID,
        _KIND,
        _MONTH,
        c.count("basket_count", "Baskets that began in the month."),
        c.count("left_out_basket_count", "Baskets among them with so many products that no pair is counted."),
        c.count("person_count", "Persons with such baskets."),
    ),
    refresh_scope=_MONTH_SCOPE,
    month_column="basket_month",
    value_rules=(
        _KIND_IS_LISTED,
        at_most("left_out_basket_count", "basket_count"),
        at_most("person_count", "basket_count"),
    ),
)

_SHARES = ("support", "confidence_a_to_b", "confidence_b_to_a")

PRODUCT_PAIR = Mart(
    name="product_pair",
    columns=(
        c.COMPANY_ID,
        _KIND,
        _product("product_a", "SKU of the one product."),
        _product("product_b", "SKU of the other product, which sorts after it."),
        _BASKET_COUNT,
        c.count("product_a_basket_count", "Baskets with product_a."),
        c.count("product_b_basket_count", "Baskets with product_b."),
        c.count("all_basket_count", "All baskets of the kind that pairs are counted of."),
        TableColumn("support", DOUBLE, "basket_count / all_basket_count.", is_nullable=False),
        TableColumn(
            "confidence_a_to_b",
            DOUBLE,
            "basket_count / product_a_basket_count: the share of baskets with product_a that have product_b.",
            is_nullable=False,
        ),
        TableColumn(
            "confidence_b_to_a",
            DOUBLE,
            "basket_count / product_b_basket_count: the share of baskets with product_b that have product_a.",
            is_nullable=False,
        ),
        TableColumn(
            "lift",
            DOUBLE,
            "How many times more baskets have both than if the products were independent; 1: as by chance.",
            is_nullable=False,
        ),
        TableColumn(
            "pair_rank",
            INTEGER,
            "Rank by basket_count among the pairs of product_a or of product_b, the better of the two.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
    ),
    refresh_scope=None,
    settings=("pair_min_baskets", "max_pairs_per_product"),
    value_rules=(
        _KIND_IS_LISTED,
        ValueRule("products_are_in_order", "`product_a` is before `product_b`.", "product_a < product_b"),
        at_most("basket_count", "product_a_basket_count"),
        at_most("basket_count", "product_b_basket_count"),
        at_most("product_a_basket_count", "all_basket_count"),
        at_most("product_b_basket_count", "all_basket_count"),
        ValueRule(
            "shares_are_from_0_to_1",
            "Support and confidence are from 0 to 1.",
            " AND ".join(f"{name} BETWEEN 0 AND 1" for name in _SHARES),
        ),
    ),
)
