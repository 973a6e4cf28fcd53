-- One identifier that came to stand for another person: persons that merged or split, by which load.
-- Grain: company_id, identifier, changed_at
-- Inputs: customer_identity
-- Mind: It lists what happened, in the order of the runs, and is never rebuilt. An identifier that is new is no change.
--   Loads between two runs of the marts appear as one change, under the newest of them.
SELECT
  earlier.company_id,
  earlier.identifier,
  earlier.person_id AS person_before,
  now_known.person_id AS person_after,
  getvariable('newest_load_seq') AS load_seq,
  now() AS changed_at
FROM customer_identity_before AS earlier
LEFT JOIN customer_identity AS now_known USING (company_id, identifier)
WHERE earlier.person_id IS DISTINCT FROM now_known.person_id
