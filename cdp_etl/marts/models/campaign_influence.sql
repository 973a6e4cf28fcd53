-- INFERRED last-touch attribution: interactions with one product on one day after a click in one campaign.
-- Grain: company_id, channel, service_provider, campaign_id, product_sku, activity_date
-- Inputs: person_campaign_product_daily
-- Mind: The contract links no message to a product: this shows what followed a click, not what the click caused.
--   An interaction counts for the person's last click before it, if that click is within the attribution window of
--   `influence_days` times 24 hours. A click of the same millisecond is before it; a click in a message without a
--   campaign is passed over. The day is the day of the interaction with the product.
SELECT
  company_id,
  channel,
  service_provider,
  campaign_id,
  product_sku,
  activity_date,
  sum(interaction_count) AS interaction_count,
  count(*) AS person_count
FROM person_campaign_product_daily
GROUP BY company_id, channel, service_provider, campaign_id, product_sku, activity_date
