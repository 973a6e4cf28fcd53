-- A contact about which a statement was withdrawn: all of its statements are read again.
-- Grain: company_id, contact
-- Inputs: consent_statement
SELECT DISTINCT
  company_id,
  contact
FROM consent_statement
WHERE withdrawn_by_load_seq > getvariable('applied_load_seq')
