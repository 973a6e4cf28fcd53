-- A hashed customer key of a reassigned person and one day within the attribution window of the person's touches.
-- Grain: company_id_customer_key_hash, activity_date
-- Inputs: reassigned_touch, reassigned_key
-- Mind: Interactions outside the window are not read, so the cost does not depend on the person's history.
WITH
person_day AS (
  SELECT DISTINCT
    reassigned_touch.company_id,
    reassigned_key.person_id,
    reassigned_touch.activity_date + unnest(range($window_days + 2))::INTEGER AS activity_date
  FROM reassigned_touch
  INNER JOIN reassigned_key USING (company_id, customer_key)
)

SELECT DISTINCT
  $customer_key_hash AS company_id_customer_key_hash,
  activity_date
FROM person_day
INNER JOIN reassigned_key USING (company_id, person_id)
