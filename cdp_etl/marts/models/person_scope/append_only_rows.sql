-- A stored row that only gains days after its last one: it is updated from its stored totals.
-- Grain: $row_columns
-- Inputs: existing_rows, full_recompute_rows
WITH
current_row AS (
  SELECT * REPLACE (current_person_id AS person_id)
  FROM existing_rows
  WHERE current_person_id IS NOT NULL
)

SELECT current_row.*
FROM current_row
ANTI JOIN full_recompute_rows USING ($row_columns)
