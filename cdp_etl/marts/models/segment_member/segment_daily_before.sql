-- The log before the run: columns that the SELECT reads. The engine binds the name to the stored rows.
-- Grain: company_id, segment, dump_date
-- Inputs: segment_member
SELECT
  company_id,
  segment,
  DATE '2000-01-01' AS dump_date,
  0 AS joined_count,
  0 AS left_count
FROM segment_member
WHERE FALSE
