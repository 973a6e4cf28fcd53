-- Funnel of each channel within seven days, and within the seven before.
-- Recipients are counted by a hash, as in `recipients_daily`.
-- Grain: channel, is_latest
WITH
recipient AS (
  SELECT
    kind AS channel,
    activity_date > getvariable('last') - INTERVAL 7 DAY AS is_latest,
    hash(company_id, customer_key) AS recipient_hash,
    bool_or(action = kind || '_sent') AS was_sent,
    bool_or(action = kind || '_opened') AS has_opened,
    bool_or(action = kind || '_clicked') AS has_clicked,
    bool_or(action IN ('email_bounced', 'sms_failed')) AS was_not_reached,
    bool_or(action IN ('email_unsubscribed', 'email_complaint', 'sms_unsubscribed')) AS has_opted_out
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
