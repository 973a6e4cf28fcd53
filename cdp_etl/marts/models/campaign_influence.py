"""Declarations of the attribution marts `person_campaign_product_daily` and `campaign_influence`.

A click affects the days of one person within the attribution window. A merge of persons may affect all of their
days. Rows written to and deleted from the first mart are the refresh scope of the second.

The history of a person is read only if the set of their identifiers changed. For all other persons the read is
limited to the days around the changed records, so its cost does not depend on the length of the history.
"""

from functools import partial

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_hash import key_hash_of
from cdp_etl.marts.engine.key_lookup import fetch_rows, lookup_by_hash, lookup_row_ids
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import at_most
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.models.customer_identity import PERSON_ID

_sql = partial(read_sql, "cdp_etl.marts.models")

_CHANGED_KEY = "(SELECT company_id, customer_key AS identifier FROM changed_day)"
_CUSTOMER_KEY_HASH = key_hash_of(c.BY_CUSTOMER_KEY)
_ROW_ID_COLUMNS = (
    f", {_CUSTOMER_KEY_HASH.name}, candidate.activity_date,"
    " coalesce(candidate.event_type = 'clicked', false) AS is_click"
)
_CLICK_ROW_ID = "(FROM reassigned_row_id WHERE is_click)"
_WINDOW_ROW_ID = (
    f"(FROM reassigned_row_id SEMI JOIN window_day USING ({_CUSTOMER_KEY_HASH.name}, activity_date)"
    " WHERE NOT is_click)"
)
_REASSIGNED_IDENTITIES = lookup_by_hash("customer_identity", "reassigned_person", c.BY_PERSON)
_UNMOVED_IDENTITIES = lookup_by_hash("customer_identity", "unmoved_day", c.BY_PERSON)


def _reassigned_interactions(row_ids: str) -> str:
    return fetch_rows(
        "interaction", row_ids, "reassigned_key", c.BY_CUSTOMER_KEY, row_id_chunks=LARGE_MART_ROW_ID_CHUNKS
    )


_SCOPE_TABLES = {
    "changed_click": _sql("person_campaign_product_daily/changed_click"),
    "changed_day": _sql("person_campaign_product_daily/changed_day"),
    "reassigned_person": _sql("person_campaign_product_daily/reassigned_person"),
    "reassigned_key": f"SELECT company_id, person_id, identifier AS customer_key FROM {_REASSIGNED_IDENTITIES}",
    "reassigned_row_id": lookup_row_ids(
        "interaction", "reassigned_key", _CUSTOMER_KEY_HASH, extra_columns=_ROW_ID_COLUMNS
    ),
    "reassigned_click": f"FROM {_reassigned_interactions(_CLICK_ROW_ID)}",
    "window_day": _sql(
        "person_campaign_product_daily/window_day", {"customer_key_hash": _CUSTOMER_KEY_HASH.expression}
    ),
    "reassigned_interaction": _sql(
        "person_campaign_product_daily/reassigned_interaction",
        {"interactions_in_window": _reassigned_interactions(_WINDOW_ROW_ID)},
    ),
    "affected": _sql(
        "person_campaign_product_daily/affected",
        {
            "identities_of_changed_day": lookup_by_hash("customer_identity", _CHANGED_KEY, c.BY_IDENTIFIER),
            "rows_of_reassigned_person": lookup_by_hash(
                "person_campaign_product_daily", "reassigned_person", c.BY_PERSON
            ),
        },
    ),
    "unmoved_day": "FROM affected ANTI JOIN reassigned_person USING (company_id, person_id)",
    "unmoved_key": f"SELECT company_id, identifier AS customer_key FROM {_UNMOVED_IDENTITIES}",
    "unmoved_range": _sql("person_campaign_product_daily/unmoved_range"),
}

PERSON_CAMPAIGN_PRODUCT_DAILY = Mart(
    name="person_campaign_product_daily",
    columns=(
        c.COMPANY_ID,
        PERSON_ID,
        *CAMPAIGN_COLUMNS,
        c.PRODUCT_SKU,
        c.ACTIVITY_DATE,
        c.count(
            "interaction_count", "Inferred: interactions of the person with the product attributed to the click."
        ),
    ),
    refresh_scope=RefreshScope(
        tables=_SCOPE_TABLES,
        mart=KeyFilter("affected", (*c.BY_PERSON, "activity_date")),
        inputs={
            "customer_identity": KeyFilter("affected", c.BY_PERSON, materialize=True),
            "interaction": KeyFilter(
                "unmoved_key", c.BY_CUSTOMER_KEY, date_range="unmoved_range", extra_rows="reassigned_interaction"
            ),
        },
        filter_output=True,
    ),
    month_column="activity_date",
    key_hashes=(c.BY_PERSON,),
    settings=("influence_days",),
)

_BY_PRODUCT_DAY = ("company_id", "product_sku", "activity_date")

CAMPAIGN_INFLUENCE = Mart(
    name="campaign_influence",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        c.PRODUCT_SKU,
        c.ACTIVITY_DATE,
        c.count("interaction_count", "Inferred: interactions with the product attributed to the campaign."),
        c.count("person_count", "Inferred: persons with such interactions."),
    ),
    refresh_scope=RefreshScope(
        tables={"affected": _sql("campaign_influence/affected")},
        mart=KeyFilter("affected", _BY_PRODUCT_DAY),
        follows_rows_of=PERSON_CAMPAIGN_PRODUCT_DAILY.name,
        inputs={PERSON_CAMPAIGN_PRODUCT_DAILY.name: KeyFilter("affected", _BY_PRODUCT_DAY)},
    ),
    month_column="activity_date",
    value_rules=(at_most("person_count", "interaction_count"),),
)
