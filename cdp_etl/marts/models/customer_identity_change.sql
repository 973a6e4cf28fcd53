-- One identifier that moved to another person because persons merged or split, with the load that caused it.
-- Grain: company_id, identifier, changed_at
-- Inputs: customer_identity
-- Mind: This is a log in the order of mart runs; it is never rebuilt. A new identifier is not a change.
--   All loads between two mart runs appear as one change, with the `load_seq` of the newest.
SELECT
  old_row.company_id,
  old_row.identifier,
  old_row.person_id AS person_before,
  new_row.person_id AS person_after,
  getvariable('newest_load_seq') AS load_seq,
  now() AS changed_at
FROM customer_identity_before AS old_row
LEFT JOIN customer_identity AS new_row USING (company_id, identifier)
WHERE old_row.person_id IS DISTINCT FROM new_row.person_id
