-- A person that an identifier was moved to or from.
-- Grain: company_id, person_id
-- Inputs: customer_identity_change
SELECT
  company_id,
  person_before AS person_id
FROM marts.customer_identity_change
WHERE load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  person_after
FROM marts.customer_identity_change
WHERE load_seq > getvariable('applied_load_seq') AND person_after IS NOT NULL
