-- A day of a changed record, as the record was and as it is, with the person that its customer key belongs to now.
-- Grain: $day_columns
-- Inputs: pending, customer_identity
WITH
pending_day AS (
  SELECT DISTINCT $day_columns
  FROM pending
  WHERE $is_complete_day
)

SELECT
  pending_day.*,
  person.person_id
FROM pending_day
INNER JOIN $persons_of_pending_keys AS person
  ON pending_day.company_id = person.company_id AND pending_day.customer_key = person.identifier
