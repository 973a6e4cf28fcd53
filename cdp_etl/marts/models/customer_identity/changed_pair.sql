-- An identifier of a pair that the pending changes add or remove; pairs that merely change their count are left out.
-- Grain: none, an identifier may occur several times
-- Inputs: changed_count, identifier_link after the changes
SELECT
  company_id,
  identifier
FROM changed_count
LEFT JOIN $links_of_changed_count AS link USING (company_id, identifier, other_identifier)
WHERE coalesce(link.record_count, 0) IN (0, changed_count.records)
