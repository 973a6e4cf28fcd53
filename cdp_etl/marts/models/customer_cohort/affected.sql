-- A cohort and month with a row of person_month that was written or deleted since the last refresh.
-- Grain: company_id, cohort_month, activity_month
-- Inputs: person_month and its tombstones
SELECT
  company_id,
  cohort_month,
  activity_month
FROM mart_storage.person_month
WHERE written_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  cohort_month,
  activity_month
FROM mart_storage.person_month_tombstones
WHERE deleted_by_load_seq > getvariable('applied_load_seq')
