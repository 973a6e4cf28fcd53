"""Declaration of `campaign_daily`.

The refresh scope is a campaign with all of its days: an opening today changes the cohort of the day of sending.
"""

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.table import DOUBLE, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart, Reconciliation
from cdp_etl.marts.engine.scope import feed_scope
from cdp_etl.marts.engine.value_rule import at_most, map_adds_up

CAMPAIGN_COLUMNS = (
    TableColumn("channel", TEXT, "email or sms.", is_nullable=False, publication=Publication.UNCHANGED),
    TableColumn(
        "service_provider",
        TEXT,
        "Provider of the messages.",
        is_nullable=False,
        publication=Publication.UNCHANGED,
    ),
    TableColumn(
        "campaign_id",
        TEXT,
        "Campaign id; unique per provider only.",
        is_nullable=False,
        publication=Publication.UNCHANGED,
    ),
)
"""Columns that identify a campaign within a company."""

CAMPAIGN_DAILY = Mart(
    name="campaign_daily",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        c.ACTIVITY_DATE,
        TableColumn(
            "campaign_name",
            TEXT,
            "Newest name of the campaign among the day's events; null if none names it.",
            publication=Publication.UNCHANGED,
        ),
        c.count("event_count", "Number of events of any kind on the day, as reported."),
        TableColumn(
            "event_counts",
            c.COUNTS_TYPE,
            "Number of events by name in lower snake case, sorted by name; an open vocabulary.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        TableColumn(
            "event_type_counts",
            c.COUNTS_TYPE,
            "Number of events by event type, sorted by name; other for words without a mapping.",
            is_nullable=False,
            publication=Publication.UNCHANGED,
        ),
        c.count("recipient_count", "Distinct recipients of the day's events, without unusable addresses."),
        c.count("cohort_count", "Cohort: distinct recipients first sent to on the day."),
        c.count("cohort_delivered_count", "Recipients of the cohort of whom a delivery is reported to date."),
        c.count(
            "cohort_opened_count", "Recipients of the cohort who have opened a message of the campaign to date."
        ),
        c.count(
            "cohort_opened_with_machines_count",
            "Recipients of the cohort for whom a person or a machine has opened a message to date.",
        ),
        c.count("cohort_clicked_count", "Recipients of the cohort who have clicked in one to date."),
        c.count(
            "cohort_unsubscribed_count", "Recipients of the cohort who have unsubscribed through one to date."
        ),
        TableColumn("open_rate", DOUBLE, "cohort_opened_count / cohort_count; null without a cohort."),
        TableColumn(
            "open_rate_with_machines",
            DOUBLE,
            "cohort_opened_with_machines_count / cohort_count; null without a cohort.",
        ),
        TableColumn("click_rate", DOUBLE, "cohort_clicked_count / cohort_count; null without a cohort."),
    ),
    refresh_scope=feed_scope(("company_id", "campaign_id"), inputs=("interaction",)),
    month_column="activity_date",
    reconciliation=Reconciliation(
        "event_count", group_by=("company_id", "activity_date", "campaign_id"), predicate="campaign_id IS NOT NULL"
    ),
    value_rules=(
        map_adds_up("event_count", "event_counts"),
        map_adds_up("event_count", "event_type_counts"),
        at_most("recipient_count", "event_count"),
        at_most("cohort_count", "recipient_count"),
        at_most("cohort_delivered_count", "cohort_count"),
        at_most("cohort_opened_count", "cohort_opened_with_machines_count"),
        at_most("cohort_opened_with_machines_count", "cohort_count"),
        at_most("cohort_clicked_count", "cohort_count"),
        at_most("cohort_unsubscribed_count", "cohort_count"),
    ),
)
