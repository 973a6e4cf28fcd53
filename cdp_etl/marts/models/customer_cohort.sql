-- Persons of one cohort in one month: how many were active, and what they purchased.
-- Grain: company_id, cohort_month, activity_month
-- Inputs: person_month
-- Mind: A cohort has the persons whose first interaction was in the month. The row with `months_since` 0 has all of
--   them. The current month is not over: compare complete months. Persons that turn out to be one move to the earlier
--   cohort.
SELECT
  company_id,
  cohort_month,
  activity_month,
  date_diff('month', cohort_month, activity_month) AS months_since,
  count(*) AS active_person_count,
  sum(interaction_count) AS interaction_count,
  sum(purchase_count) AS purchase_count,
  sum(revenue) AS revenue
FROM person_month
GROUP BY company_id, cohort_month, activity_month
