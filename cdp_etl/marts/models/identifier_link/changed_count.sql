-- A pair of identifiers whose numbers of records the pending changes alter, with the differences.
-- Grain: company_id, identifier, other_identifier
-- Inputs: pairs of the pending changes: -1 per record before, +1 per record after
SELECT
  company_id,
  identifier,
  other_identifier,
  sum(records) AS records,
  sum(key_records) AS key_records
FROM $occurrence
GROUP BY company_id, identifier, other_identifier
HAVING sum(records) <> 0 OR sum(key_records) <> 0
