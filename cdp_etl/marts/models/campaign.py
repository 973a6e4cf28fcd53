"""Declaration of `campaign`.

A campaign is affected by its own events, and by sales that are attributed to it: rows of `campaign_attribution`
that were written or deleted.
"""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DATE, DOUBLE, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.engine.value_rule import ValueRule, at_most
from cdp_etl.marts.models.campaign_attribution import CAMPAIGN_ATTRIBUTION, inferred_total
from cdp_etl.marts.models.campaign_daily import CAMPAIGN_COLUMNS, CAMPAIGN_DAILY

_BY_CAMPAIGN = ("company_id", "campaign_id")

CAMPAIGN = Mart(
    name="campaign",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        TableColumn(
            "campaign_name",
            TEXT,
            "Newest name of the campaign; null if no event names it.",
            publication=Publication.UNCHANGED,
        ),
        TableColumn("first_date", DATE, "Day of the first event, in the business time zone.", is_nullable=False),
        TableColumn("last_date", DATE, "Day of the last event, in the business time zone.", is_nullable=False),
        c.count("event_count", "Number of events of any kind, as reported."),
        c.count("sent_count", "Distinct recipients that were sent to, without unusable addresses."),
        c.count("delivered_count", "Recipients among them of whom a delivery is reported."),
        c.count("opened_count", "Recipients among them who have opened a message."),
        c.count(
            "opened_with_machines_count",
            "Recipients among them for whom a person or a machine has opened a message.",
        ),
        c.count("clicked_count", "Recipients among them who have clicked."),
        c.count("unsubscribed_count", "Recipients among them who have unsubscribed through the campaign."),
        TableColumn("open_rate", DOUBLE, "opened_count / sent_count; null if nobody was sent to."),
        TableColumn("click_rate", DOUBLE, "clicked_count / sent_count; null if nobody was sent to."),
        TableColumn(
            "attribution_model",
            TEXT,
            "Model of the attributed columns: last_touch, first_touch or linear, by the settings.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        inferred_total("attributed_purchases", "purchases attributed to the campaign by that model."),
        inferred_total("attributed_revenue", "revenue attributed to the campaign by that model."),
    ),
    refresh_scope=RefreshScope(
        tables={"affected": read_sql("cdp_etl.marts.models", "campaign/affected")},
        mart=KeyFilter("affected", _BY_CAMPAIGN),
        follows_rows_of=CAMPAIGN_ATTRIBUTION.name,
        inputs=dict.fromkeys(
            (CAMPAIGN_DAILY.name, CAMPAIGN_ATTRIBUTION.name), KeyFilter("affected", _BY_CAMPAIGN)
        ),
    ),
    settings=("attribution_model",),
    reconciliation=Reconciliation(
        "event_count", group_by=("company_id", "campaign_id"), predicate="campaign_id IS NOT NULL"
    ),
    value_rules=(
        ValueRule("days_are_in_order", "`first_date` is not after `last_date`.", "first_date <= last_date"),
        at_most("sent_count", "event_count"),
        at_most("delivered_count", "sent_count"),
        at_most("opened_count", "opened_with_machines_count"),
        at_most("opened_with_machines_count", "sent_count"),
        at_most("clicked_count", "sent_count"),
        at_most("unsubscribed_count", "sent_count"),
    ),
)
