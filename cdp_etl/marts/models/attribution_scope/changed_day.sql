-- A customer key and day with a changed outcome, or within the attribution window of a changed touch.
-- Grain: company_id, customer_key, activity_date
-- Inputs: pending, changed_touch
-- Mind: A window of 24-hour days that starts within a day, with clock changes, spans up to two days more.
SELECT
  company_id,
  customer_key,
  activity_date
FROM pending
WHERE customer_key IS NOT NULL AND $may_be_outcome
UNION
SELECT
  company_id,
  customer_key,
  activity_date + unnest(range($window_days + 2))::INTEGER AS activity_date
FROM changed_touch
