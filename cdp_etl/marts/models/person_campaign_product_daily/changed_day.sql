-- A customer key and day with a changed interaction, or within the attribution window of a changed click.
-- Grain: company_id, customer_key, activity_date
-- Inputs: pending, changed_click
-- Mind: A window of 24-hour days that starts within a day, with clock changes, spans up to `influence_days` + 2 days.
SELECT
  company_id,
  customer_key,
  activity_date
FROM pending
WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL
UNION
SELECT
  company_id,
  customer_key,
  activity_date + unnest(range(getvariable('influence_days') + 2))::INTEGER AS activity_date
FROM changed_click
