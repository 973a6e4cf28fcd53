-- Newest statement on one channel of one contact: consent or refusal, with its time and the record that states it.
-- Grain: company_id, contact, channel
-- Inputs: consent_statement
-- Mind: By contact, not by person: several persons may share a contact. `customer` has the consent of a person.
--   The newest statement counts by its own time; of statements at the same time a refusal.
--   A statement stays if its record is deleted or leaves its dump. A refusal ends by a newer consent alone, or by an
--   operator who withdraws a wrong delivery. A contact without a row has stated nothing: that is no consent.
SELECT
  company_id,
  contact,
  channel,
  is_given,
  stated_at,
  entity,
  record_key
FROM consent_statement
WHERE withdrawn_by_load_seq IS NULL
QUALIFY
  row_number()
    OVER (
      PARTITION BY company_id, contact, channel
      ORDER BY stated_at DESC, is_given ASC, entity ASC, record_key ASC
    )
  = 1
