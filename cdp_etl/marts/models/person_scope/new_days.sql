-- A changed day of a row that is not recomputed from all of its days.
-- Grain: $day_columns
-- Inputs: changed_day, full_recompute_rows
SELECT $day_columns
FROM changed_day
ANTI JOIN full_recompute_rows USING ($row_columns)
