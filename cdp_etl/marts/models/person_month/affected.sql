-- A person with a pending record, or that gained or lost an identifier: all months are recomputed.
-- Grain: company_id, person_id
-- Inputs: customer_identity, customer_identity_change
-- Mind: One record can change the month of the first interaction, and so the cohort of all months.
SELECT
  company_id,
  person_id
FROM $persons_with_pending_key
UNION
SELECT
  company_id,
  person_id
FROM reassigned_identifier
