-- A stored number of records of an affected pair, or one difference: their sum is the new number.
-- Grain: company_id, identifier, other_identifier, up to twice
-- Inputs: existing_rows, affected
SELECT
  company_id,
  identifier,
  other_identifier,
  record_count AS records
FROM existing_rows
UNION ALL
SELECT
  company_id,
  identifier,
  other_identifier,
  records
FROM affected
