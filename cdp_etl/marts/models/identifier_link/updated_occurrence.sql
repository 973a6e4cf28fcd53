-- The stored numbers of records of an affected pair, or the differences: their sums are the new numbers.
-- Grain: company_id, identifier, other_identifier, up to twice
-- Inputs: existing_rows, affected
SELECT
  company_id,
  identifier,
  other_identifier,
  record_count AS records,
  key_record_count AS key_records
FROM existing_rows
UNION ALL
SELECT
  company_id,
  identifier,
  other_identifier,
  records,
  key_records
FROM affected
