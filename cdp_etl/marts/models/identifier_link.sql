-- A pair of identifiers of one company that occur together on current records: in both orders, and each with itself.
-- Grain: company_id, identifier, other_identifier
-- Inputs: <entity>_current
-- Mind: A pair does not prove one person, because a shared identifier occurs with many. `customer_identity` decides.
SELECT
  company_id,
  identifier,
  other_identifier,
  sum(records) AS record_count,
  sum(key_records) AS key_record_count
FROM occurrence
GROUP BY company_id, identifier, other_identifier
HAVING sum(records) > 0
