-- A row of the mart to recompute.
-- Grain: $row_columns
-- Inputs: changed_day, reassigned_rows
SELECT $row_columns
FROM changed_day
UNION
SELECT $row_columns
FROM reassigned_rows
