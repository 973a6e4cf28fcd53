"""The mart `campaign_daily`: its columns and slices. Its meaning stands in its SQL.

A campaign is made anew whole: an opening today changes the cohort of the day on which its message was sent.
"""

from cdp_etl.contract.table import DECIMAL_NUMBER, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Counted, Mart
from cdp_etl.marts.engine.scope_feed import feed_slices

CAMPAIGN_COLUMNS = (
    TableColumn("channel", TEXT, "email or sms.", is_nullable=False),
    TableColumn("service_provider", TEXT, "Provider of the messages.", is_nullable=False),
    TableColumn("campaign_id", TEXT, "Campaign, unique with its provider only.", is_nullable=False),
)
"""What tells campaigns apart, within a company."""

CAMPAIGN_DAILY = Mart(
    name="campaign_daily",
    columns=(
        c.COMPANY_ID,
        *CAMPAIGN_COLUMNS,
        c.ACTIVITY_DATE,
        c.count("event_count", "Events of any kind on the day, as reported."),
        TableColumn(
            "event_counts",
            c.COUNTS_TYPE,
            "Events by name in lower snake case, in the order of the name; an open vocabulary.",
            is_nullable=False,
        ),
        c.count("recipient_count", "Distinct recipients of the day's events, the unusable addresses not counted."),
        c.count("cohort_count", "Distinct recipients whom the campaign was first sent to on the day: the cohort."),
        c.count("cohort_opened_count", "Of the cohort, those who have opened a message of the campaign by now."),
        c.count("cohort_clicked_count", "Of the cohort, those who have clicked in one by now."),
        c.count("cohort_unsubscribed_count", "Of the cohort, those who have unsubscribed through it by now."),
        TableColumn(
            "open_rate", DECIMAL_NUMBER, "cohort_opened_count / cohort_count; null where nothing was first sent."
        ),
        TableColumn(
            "click_rate", DECIMAL_NUMBER, "cohort_clicked_count / cohort_count; null where nothing was first sent."
        ),
    ),
    slices=feed_slices(("company_id", "campaign_id"), inputs=("interaction",)),
    month_column="activity_date",
    counted=Counted(
        "event_count", by=("company_id", "activity_date", "campaign_id"), of="campaign_id IS NOT NULL"
    ),
)
