-- A stored row that this run replaces, with the person it belongs to now.
-- Grain: $row_columns
-- Inputs: $mart, prior_rows
SELECT
  unmoved_row.*,
  unmoved_row.person_id AS current_person_id
FROM $stored_unmoved_rows AS unmoved_row
UNION ALL BY NAME
SELECT *
FROM prior_rows
