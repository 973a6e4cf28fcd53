-- A stored row that this run replaces.
-- Grain: $row_columns
-- Inputs: $mart, prior_rows
SELECT unmoved_row.*
FROM $stored_unmoved_rows AS unmoved_row
UNION ALL BY NAME
SELECT *
FROM prior_rows
