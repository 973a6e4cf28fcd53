-- A changed day that directly follows the last day of its row: the two may overlap in time.
-- Grain: $row_columns, activity_date, customer_key
-- Inputs: changed_day, existing_rows
-- Mind: If clocks are set back at midnight, a day begins before the previous one ends.
SELECT
  changed_day.*,
  existing_rows.last_at
FROM changed_day
INNER JOIN existing_rows USING ($row_columns)
WHERE changed_day.activity_date = existing_rows.last_date + 1
