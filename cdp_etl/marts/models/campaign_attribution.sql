-- INFERRED attribution of sales: purchases and revenue of one day attributed to one campaign by one model.
-- Grain: company_id, channel, service_provider, campaign_id, activity_date, model
-- Inputs: person_campaign_sale_daily
-- Mind: The contract links no message to a sale: this shows what followed a touch, not what the touch caused.
--   Each model attributes the same sales, so never add up two models. The day is the day of the sale, also of a refund.
--   A touch is a click (setting: an opening too) in a message with a campaign. It counts for less than
--   `attribution_days` times 24 hours. A sale of a person without a touch in that time is attributed to no campaign.
WITH
credit AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    'last_touch' AS model,
    last_touch_sale_count AS share_count,
    last_touch_purchases AS purchases,
    last_touch_revenue AS revenue
  FROM person_campaign_sale_daily
  WHERE last_touch_sale_count > 0
  UNION ALL
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    'first_touch' AS model,
    first_touch_sale_count AS share_count,
    first_touch_purchases AS purchases,
    first_touch_revenue AS revenue
  FROM person_campaign_sale_daily
  WHERE first_touch_sale_count > 0
  UNION ALL
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    'linear' AS model,
    linear_share_count AS share_count,
    linear_purchases AS purchases,
    linear_revenue AS revenue
  FROM person_campaign_sale_daily
)

SELECT
  company_id,
  channel,
  service_provider,
  campaign_id,
  activity_date,
  model,
  count(*) AS person_count,
  sum(share_count) AS share_count,
  sum(purchases) AS attributed_purchases,
  sum(revenue) AS attributed_revenue
FROM credit
GROUP BY company_id, channel, service_provider, campaign_id, activity_date, model
