-- A click of a reassigned person, or one product interaction within the attribution window of their clicks.
-- Grain: entity and record of a click; none for interactions
-- Inputs: reassigned_click, interaction
-- Mind: The columns that order clicks with one timestamp are expensive to read, so they are read of clicks alone.
SELECT -- noqa: AM07, because UNION BY NAME fills missing columns with nulls
  company_id,
  entity,
  record_id,
  system_name,
  dump_date,
  occurred_at,
  activity_date,
  customer_key,
  event_type,
  channel,
  service_provider,
  campaign_id,
  product_sku
FROM reassigned_click
UNION ALL BY NAME
SELECT
  company_id,
  occurred_at,
  activity_date,
  customer_key,
  product_sku
FROM $interactions_in_window
WHERE product_sku IS NOT NULL
