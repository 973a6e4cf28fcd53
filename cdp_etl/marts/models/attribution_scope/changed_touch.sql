-- A customer key and day with a changed touch.
-- Grain: company_id, customer_key, activity_date
-- Inputs: interaction, pending
-- Mind: The change feed has no event type of the record before, so every changed message may have been a touch.
SELECT
  interaction.company_id,
  interaction.customer_key,
  interaction.activity_date
FROM interaction
INNER JOIN pending USING (key_hash, record_key, activity_date)
WHERE
  pending.image = 'after'
  AND $is_touch
  AND interaction.customer_key IS NOT NULL
UNION
SELECT
  company_id,
  customer_key,
  activity_date
FROM pending
WHERE image = 'before' AND entity IN ('email_interaction', 'sms_interaction') AND customer_key IS NOT NULL
