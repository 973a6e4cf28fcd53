-- A row of a person that gained or lost an identifier: under its person before and its person now.
-- Grain: $row_columns
-- Inputs: prior_rows, split_rows
WITH
current_row AS (
  SELECT * REPLACE (current_person_id AS person_id)
  FROM prior_rows
  WHERE current_person_id IS NOT NULL
)

SELECT $row_columns
FROM prior_rows
UNION
SELECT $row_columns
FROM current_row
UNION
SELECT $row_columns
FROM split_rows
