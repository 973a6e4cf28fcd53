-- A person whose row of customer was written or deleted since the last refresh.
-- Grain: company_id, person_id
-- Inputs: customer and its tombstones
SELECT
  company_id,
  person_id
FROM mart_storage.customer
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  person_id
FROM mart_storage.customer_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
