-- A contact that a pending load states something about, or about which a statement was withdrawn.
-- Grain: company_id, contact
-- Inputs: consent_statement
SELECT DISTINCT
  company_id,
  contact
FROM staging.consent_statement
WHERE load_seq > getvariable('applied_load_seq') OR withdrawn_by_load_seq > getvariable('applied_load_seq')
