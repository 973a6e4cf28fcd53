-- An identifier that moved to another person since the mart's last run, once for each of the two persons.
-- Grain: company_id, identifier, person_id
-- Inputs: customer_identity_change
SELECT
  company_id,
  identifier,
  person_before AS person_id
FROM marts.customer_identity_change
WHERE load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  identifier,
  person_after AS person_id
FROM marts.customer_identity_change
WHERE load_seq > getvariable('applied_load_seq') AND person_after IS NOT NULL
