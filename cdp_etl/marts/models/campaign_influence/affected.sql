-- A product and day with a row of person_campaign_product_daily that was written or deleted since the last refresh.
-- Grain: company_id, product_sku, activity_date
-- Inputs: person_campaign_product_daily and its tombstones
SELECT
  company_id,
  product_sku,
  activity_date
FROM mart_storage.person_campaign_product_daily
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  product_sku,
  activity_date
FROM mart_storage.person_campaign_product_daily_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
