-- A changed day that directly follows the last day of its row: the two may overlap in time.
-- Grain: $row_columns, activity_date, customer_key
-- Inputs: changed_day, existing_rows
-- Mind: If clocks are set back at midnight, a day begins before the previous one ends.
WITH
current_row AS (
  SELECT * REPLACE (current_person_id AS person_id)
  FROM existing_rows
  WHERE current_person_id IS NOT NULL
)

SELECT
  changed_day.*,
  current_row.last_at
FROM changed_day
INNER JOIN current_row USING ($row_columns)
WHERE changed_day.activity_date = current_row.last_date + 1
