-- One campaign: its days, the response of its recipients, and the sales attributed to it.
-- Grain: company_id, channel, service_provider, campaign_id
-- Inputs: campaign_daily, campaign_attribution
-- Mind: Counts from `sent_count` on are of distinct recipients that were sent to, whenever they opened or clicked.
--   `attributed_…` is INFERRED by the model in `attribution_model`; `campaign_attribution` has every model by day.
--   `campaign_name` is the newest name of the last day that has one.
WITH
total AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    max(row(activity_date, campaign_name)) FILTER (WHERE campaign_name IS NOT NULL) AS newest_name,
    min(activity_date) AS first_date,
    max(activity_date) AS last_date,
    sum(event_count) AS event_count,
    sum(cohort_count) AS sent_count,
    sum(cohort_delivered_count) AS delivered_count,
    sum(cohort_opened_count) AS opened_count,
    sum(cohort_opened_with_machines_count) AS opened_with_machines_count,
    sum(cohort_clicked_count) AS clicked_count,
    sum(cohort_unsubscribed_count) AS unsubscribed_count
  FROM campaign_daily
  GROUP BY company_id, channel, service_provider, campaign_id
),

attributed AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    sum(attributed_purchases) AS purchases,
    sum(attributed_revenue) AS revenue
  FROM campaign_attribution
  WHERE model = getvariable('attribution_model')
  GROUP BY company_id, channel, service_provider, campaign_id
)

SELECT
  total.company_id,
  total.channel,
  total.service_provider,
  total.campaign_id,
  total.newest_name[2] AS campaign_name,
  total.first_date,
  total.last_date,
  total.event_count,
  total.sent_count,
  total.delivered_count,
  total.opened_count,
  total.opened_with_machines_count,
  total.clicked_count,
  total.unsubscribed_count,
  round_quotient(total.opened_count * 1000000, nullif(total.sent_count, 0)) / 1000000 AS open_rate,
  round_quotient(total.clicked_count * 1000000, nullif(total.sent_count, 0)) / 1000000 AS click_rate,
  getvariable('attribution_model') AS attribution_model,
  coalesce(attributed.purchases, 0) AS attributed_purchases,
  coalesce(attributed.revenue, 0) AS attributed_revenue
FROM total
LEFT JOIN attributed USING (company_id, channel, service_provider, campaign_id)
