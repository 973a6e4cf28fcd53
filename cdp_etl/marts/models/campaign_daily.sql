-- Events of one campaign on one day, and the response to date of the recipients first sent to on that day.
-- Grain: company_id, channel, service_provider, campaign_id, activity_date
-- Inputs: interaction
-- Mind: Event counts are by the day of the event. Rates are of the cohort: the recipients first sent to on that day,
--   whenever they opened or clicked. A rate can still rise later; never divide an event count by a cohort count.
--   Recipients are distinct, so a provider that reports one opening twice does not change a rate.
--   Counts and rates are by event type. Only opens and clicks of people count, except in `…_with_machines`: a mail
--   program that loads each picture reports an open of its own. A recipient is sent to by `requested`, `sent` or
--   `delivered`, since providers report one of them or all. `event_counts` has the delivered words.
--   Messages without a campaign and recipients without a usable address are not part of the rates.
--   Campaign ids are unique per provider only: two providers may use the same id.
WITH
event AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    customer_key,
    substring(action, len(channel) + 2) AS event_name,
    event_type,
    campaign_name,
    -- Of several records with a name, a total order selects one.
    row(occurred_at, dump_date, coalesce(system_name, ''), record_id, entity, campaign_name) AS named
  FROM interaction
  WHERE kind IN ('email', 'sms') AND campaign_id IS NOT NULL
),

recipient AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    customer_key,
    min(activity_date) FILTER (WHERE event_type IN ('requested', 'sent', 'delivered')) AS activity_date,
    count(*) FILTER (WHERE event_type = 'delivered') > 0 AS is_delivered,
    count(*) FILTER (WHERE event_type = 'opened') > 0 AS has_opened,
    count(*) FILTER (WHERE event_type IN ('opened', 'machine_opened')) > 0 AS is_opened,
    count(*) FILTER (WHERE event_type = 'clicked') > 0 AS has_clicked,
    count(*) FILTER (WHERE event_type = 'unsubscribed') > 0 AS has_unsubscribed
  FROM event
  WHERE customer_key IS NOT NULL
  GROUP BY company_id, channel, service_provider, campaign_id, customer_key
),

cohort AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    count(*) AS cohort_count,
    count(*) FILTER (WHERE is_delivered) AS cohort_delivered_count,
    count(*) FILTER (WHERE has_opened) AS cohort_opened_count,
    count(*) FILTER (WHERE is_opened) AS cohort_opened_with_machines_count,
    count(*) FILTER (WHERE has_clicked) AS cohort_clicked_count,
    count(*) FILTER (WHERE has_unsubscribed) AS cohort_unsubscribed_count
  FROM recipient
  WHERE activity_date IS NOT NULL
  GROUP BY company_id, channel, service_provider, campaign_id, activity_date
),

day AS (
  SELECT
    company_id,
    channel,
    service_provider,
    campaign_id,
    activity_date,
    max(named) FILTER (WHERE campaign_name IS NOT NULL) AS newest_name,
    count(*) AS event_count,
    histogram(event_name) AS event_counts,
    histogram(coalesce(event_type, 'other')) AS event_type_counts,
    count(DISTINCT customer_key) AS recipient_count
  FROM event
  GROUP BY company_id, channel, service_provider, campaign_id, activity_date
)

SELECT
  day.company_id,
  day.channel,
  day.service_provider,
  day.campaign_id,
  day.activity_date,
  day.newest_name[6] AS campaign_name,
  day.event_count,
  day.event_counts,
  day.event_type_counts,
  day.recipient_count,
  coalesce(cohort.cohort_count, 0) AS cohort_count,
  coalesce(cohort.cohort_delivered_count, 0) AS cohort_delivered_count,
  coalesce(cohort.cohort_opened_count, 0) AS cohort_opened_count,
  coalesce(cohort.cohort_opened_with_machines_count, 0) AS cohort_opened_with_machines_count,
  coalesce(cohort.cohort_clicked_count, 0) AS cohort_clicked_count,
  coalesce(cohort.cohort_unsubscribed_count, 0) AS cohort_unsubscribed_count,
  round_quotient(cohort.cohort_opened_count * 1000000, cohort.cohort_count) / 1000000 AS open_rate,
  round_quotient(cohort.cohort_opened_with_machines_count * 1000000, cohort.cohort_count)
  / 1000000 AS open_rate_with_machines,
  round_quotient(cohort.cohort_clicked_count * 1000000, cohort.cohort_count) / 1000000 AS click_rate
FROM day
LEFT JOIN cohort USING (company_id, channel, service_provider, campaign_id, activity_date)
