-- Funnel of each channel within seven days, and within the seven before.
-- Recipients are counted by a hash, as in `recipients_daily`.
-- Grain: channel, is_latest
WITH
recipient AS (
  SELECT
    kind AS channel,
    activity_date > getvariable('last') - INTERVAL 7 DAY AS is_latest,
    hash(company_id, customer_key) AS recipient_hash,
    coalesce(bool_or(event_type IN ('requested', 'sent', 'delivered')), FALSE) AS was_sent,
    coalesce(bool_or(event_type = 'opened'), FALSE) AS has_opened,
    coalesce(bool_or(event_type = 'clicked'), FALSE) AS has_clicked,
    coalesce(bool_or(event_type IN ('soft_bounced', 'hard_bounced', 'rejected', 'failed')), FALSE) AS was_not_reached,
    coalesce(bool_or(event_type IN ('unsubscribed', 'complained')), FALSE) AS has_opted_out
  FROM marts.interaction
  WHERE
    activity_date > getvariable('last') - INTERVAL 14 DAY
    AND activity_date <= getvariable('last')
    AND kind IN ('email', 'sms')
    AND customer_key IS NOT NULL
  GROUP BY kind, is_latest, recipient_hash
)

SELECT
  channel,
  is_latest,
  count(*) FILTER (WHERE was_sent) AS sent,
  count(*) FILTER (WHERE was_sent AND has_opened) AS opened,
  count(*) FILTER (WHERE was_sent AND has_clicked) AS clicked,
  count(*) FILTER (WHERE has_opened) AS opened_any,
  count(*) FILTER (WHERE has_clicked) AS clicked_any,
  count(*) FILTER (WHERE was_not_reached) AS not_reached,
  count(*) FILTER (WHERE has_opted_out) AS opted_out
FROM recipient
GROUP BY channel, is_latest
ORDER BY channel, is_latest
