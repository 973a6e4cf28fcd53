-- Newest statement on one channel of one contact: consent or refusal, with its time and the record that states it.
-- Grain: company_id, contact, channel
-- Inputs: consent_statement
-- Mind: By contact, not by person: several persons may share a contact. `customer` has the consent of a person.
--   The newest statement counts by its own time; of statements at the same time a refusal.
--   A statement stays if its record is deleted or leaves its dump. A refusal ends by a newer consent alone, or by an
--   operator who withdraws a wrong delivery. A contact without a row has stated nothing: that is no consent.
--   A later event `resubscribed` lifts an event `unsubscribed`: it counts no more, and what was stated before counts
--   again. It lifts no complaint and no subscription that ended, and is no consent by itself.
WITH
lift AS (
  SELECT
    company_id,
    contact,
    channel,
    max(stated_at) AS lifted_at
  FROM consent_statement
  WHERE withdrawn_by_load_seq IS NULL AND event_type = 'resubscribed'
  GROUP BY company_id, contact, channel
)

SELECT
  stated.company_id,
  stated.contact,
  stated.channel,
  stated.is_given,
  stated.stated_at,
  stated.entity,
  stated.record_key
FROM consent_statement AS stated
LEFT JOIN lift USING (company_id, contact, channel)
WHERE
  stated.withdrawn_by_load_seq IS NULL
  AND stated.is_given IS NOT NULL
  AND NOT coalesce(stated.event_type = 'unsubscribed' AND stated.stated_at < lift.lifted_at, FALSE)
QUALIFY
  row_number()
    OVER (
      PARTITION BY stated.company_id, stated.contact, stated.channel
      ORDER BY stated.stated_at DESC, stated.is_given ASC, stated.entity ASC, stated.record_key ASC
    )
  = 1
