"""Declarations of `person_campaign_sale_daily` and `campaign_attribution`.

Rows written to and deleted from the first mart are the refresh scope of the second.
"""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import ValueRule, at_most
from cdp_etl.marts.models.attribution_scope.scope import attribution_scope
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS
from cdp_etl.marts.models.customer_identity import PERSON_ID
from cdp_etl.marts.settings import ATTRIBUTION_MODELS


def inferred_total(name: str, description: str) -> TableColumn:
    """Return a column of attributed purchases or revenue, marked as inferred."""
    return TableColumn(
        name, c.TOTAL_TYPE, f"Inferred: {description}", is_nullable=False, publication=Publication.UNCHANGED
    )


def _model_columns(model: str, count: str, words: str) -> tuple[TableColumn, ...]:
    return (
        c.count(count, f"Inferred: sales of which {words}; 0 if none."),
        inferred_total(f"{model}_purchases", f"purchases of which {words}."),
        inferred_total(f"{model}_revenue", f"revenue of sales of which {words}."),
    )


PERSON_CAMPAIGN_SALE_DAILY = Mart(
    name="person_campaign_sale_daily",
    columns=(
        c.COMPANY_ID,
        PERSON_ID,
        *CAMPAIGN_COLUMNS,
        c.ACTIVITY_DATE,
        *_model_columns("last_touch", "last_touch_sale_count", "the campaign has the last touch"),
        *_model_columns("first_touch", "first_touch_sale_count", "the campaign has the first touch"),
        *_model_columns("linear", "linear_share_count", "the campaign has shares, by its touches"),
    ),
    refresh_scope=attribution_scope(
        "person_campaign_sale_daily",
        window_days="getvariable('attribution_days')",
        is_touch="list_contains(getvariable('attribution_touches')::VARCHAR[], event_type)",
        is_outcome="sale_type IS NOT NULL",
        may_be_outcome="entity = 'customer_product_activity'",
        outcome_columns=("sale_type", "revenue"),
    ),
    month_column="activity_date",
    key_hashes=(c.BY_PERSON,),
    is_published=False,
    settings=("attribution_days", "attribution_touches"),
    value_rules=(
        at_most("last_touch_sale_count", "linear_share_count"),
        at_most("first_touch_sale_count", "linear_share_count"),
    ),
)

BY_CAMPAIGN_DAY = ("company_id", "channel", "service_provider", "campaign_id", "activity_date")

CAMPAIGN_ATTRIBUTION = Mart(
    name="campaign_attribution",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        c.ACTIVITY_DATE,
        TableColumn(
            "model",
            TEXT,
            "Model of attribution: last_touch, first_touch or linear; no other.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        c.count("person_count", "Inferred: persons with attributed sales."),
        c.count("share_count", "Inferred: shares of sales; last_touch and first_touch have one a sale."),
        inferred_total("attributed_purchases", "purchases; by linear in parts, with four decimals."),
        inferred_total("attributed_revenue", "amounts of purchases minus amounts of refunds, or shares of them."),
    ),
    refresh_scope=RefreshScope(
        tables={"affected": read_sql("cdp_etl.marts.models", "campaign_attribution/affected")},
        mart=KeyFilter("affected", BY_CAMPAIGN_DAY),
        follows_rows_of=PERSON_CAMPAIGN_SALE_DAILY.name,
        inputs={PERSON_CAMPAIGN_SALE_DAILY.name: KeyFilter("affected", BY_CAMPAIGN_DAY)},
    ),
    month_column="activity_date",
    value_rules=(
        at_most("person_count", "share_count"),
        ValueRule(
            "model_is_listed",
            f"`model` is one of {', '.join(ATTRIBUTION_MODELS)}.",
            f"model IN ({', '.join(map(literal, ATTRIBUTION_MODELS))})",
        ),
    ),
)
