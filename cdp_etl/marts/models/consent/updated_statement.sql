-- A pending statement, or the newest statement of an affected contact so far: no older statement can count.
-- Grain: none, statements of several loads may be equal
-- Inputs: consent_statement, existing_rows, recomputed_contact
SELECT
  company_id,
  contact,
  channel,
  is_given,
  stated_at,
  entity,
  record_key,
  withdrawn_by_load_seq,
  event_type
FROM consent_statement
ANTI JOIN recomputed_contact USING (company_id, contact)
WHERE load_seq > getvariable('applied_load_seq')
UNION ALL
SELECT
  company_id,
  contact,
  channel,
  is_given,
  stated_at,
  entity,
  record_key,
  NULL AS withdrawn_by_load_seq,
  NULL AS event_type
FROM existing_rows
ANTI JOIN recomputed_contact USING (company_id, contact)
