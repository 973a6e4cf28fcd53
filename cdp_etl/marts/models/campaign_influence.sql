-- INFERRED: interactions with one product on one day by persons who had clicked in a message of one campaign before.
-- Grain: company_id, channel, service_provider, campaign_id, product_sku, activity_date
-- Inputs: person_campaign_product_daily
-- Mind: The contract links no message to a product: this says what came after a click, not what came of it.
--   Last touch: an interaction counts for the newest click before it, if that is at most `influence_days` times 24
--   hours old. The day is that of the interaction with the product.
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
