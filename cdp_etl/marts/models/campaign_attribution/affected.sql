-- A campaign and day with a row of person_campaign_sale_daily that was written or deleted since the last refresh.
-- Grain: company_id, channel, service_provider, campaign_id, activity_date
-- Inputs: person_campaign_sale_daily and its tombstones
SELECT
  company_id,
  channel,
  service_provider,
  campaign_id,
  activity_date
FROM mart_storage.person_campaign_sale_daily
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  channel,
  service_provider,
  campaign_id,
  activity_date
FROM mart_storage.person_campaign_sale_daily_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
