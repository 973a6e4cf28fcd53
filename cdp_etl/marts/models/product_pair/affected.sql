-- A month with a row of person_basket that was written or deleted since the last refresh.
-- Grain: company_id, basket_kind, basket_month
-- Inputs: person_basket and its tombstones
SELECT
  company_id,
  basket_kind,
  basket_month
FROM mart_storage.person_basket
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  basket_kind,
  basket_month
FROM mart_storage.person_basket_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
