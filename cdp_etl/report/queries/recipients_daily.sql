-- How many recipients had an event of each kind on each day, by the day of the event.
-- Grain: activity_date, channel, step
WITH
-- Recipients of two companies are two: nothing crosses companies.
in_company AS (
  SELECT
    activity_date,
    kind AS channel,
    replace(action, kind || '_', '') AS step,
    company_id,
    count(DISTINCT customer_key) AS recipient_count
  FROM marts.interaction
  WHERE
    activity_date BETWEEN getvariable('first') AND getvariable('last')
    AND kind IN ('email', 'sms')
    AND action IN ('email_sent', 'email_opened', 'email_clicked', 'sms_sent', 'sms_opened', 'sms_clicked')
  GROUP BY activity_date, kind, action, company_id
)

SELECT
  activity_date,
  channel,
  step,
  sum(recipient_count)::BIGINT AS recipient_count
FROM in_company
GROUP BY activity_date, channel, step
ORDER BY activity_date, channel, step
