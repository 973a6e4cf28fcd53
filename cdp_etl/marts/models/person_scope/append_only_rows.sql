-- A stored row that only gains days after its last one: it is updated from its stored totals.
-- Grain: $row_columns
-- Inputs: existing_rows, full_recompute_rows
SELECT existing_rows.*
FROM existing_rows
ANTI JOIN full_recompute_rows USING ($row_columns)
