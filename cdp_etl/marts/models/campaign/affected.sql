-- A campaign with a pending record, or with attributed sales that were written or deleted since the last refresh.
-- Grain: company_id, campaign_id
-- Inputs: pending, campaign_attribution and its tombstones
SELECT
  company_id,
  campaign_id
FROM pending
WHERE campaign_id IS NOT NULL
UNION
SELECT
  company_id,
  campaign_id
FROM mart_storage.campaign_attribution
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  campaign_id
FROM mart_storage.campaign_attribution_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
