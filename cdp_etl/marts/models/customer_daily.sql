-- What one customer did on one day, over all products and channels, and the newest name that the day gives them.
-- Grain: company_id, activity_date, customer_key
-- Inputs: interaction, customer_product_activity_current, customer_product_comment_current,
--   customer_product_review_current, customer_product_subscriber_current
-- Mind: A customer key is not a person: one person may have several (see `customer`).
--   `newest_…` hold a value, or a fact, with the moment and the key that decided for it.
WITH
named AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    occurred_at,
    dump_date,
    system_name,
    action_id AS record_id,
    'customer_product_activity' AS entity,
    customer_name
  FROM customer_product_activity_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    customer_key,
    occurred_at,
    dump_date,
    system_name,
    comment_id AS record_id,
    'customer_product_comment' AS entity,
    customer_name
  FROM customer_product_comment_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    customer_key,
    occurred_at,
    dump_date,
    system_name,
    review_id AS record_id,
    'customer_product_review' AS entity,
    customer_name
  FROM customer_product_review_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    customer_key,
    occurred_at,
    dump_date,
    system_name,
    subscribe_id AS record_id,
    'customer_product_subscriber' AS entity,
    customer_name
  FROM customer_product_subscriber_current
),

newest AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    max(row(row(occurred_at, dump_date, coalesce(system_name, ''), record_id, entity), customer_name)) AS newest_name
  FROM named
  WHERE customer_key IS NOT NULL AND customer_name IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
),

refused AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    max(row(row(occurred_at, dump_date, coalesce(system_name, ''), record_id, entity), action))
    FILTER (WHERE channel = 'email') AS latest_email_opt_out,
    max(row(row(occurred_at, dump_date, coalesce(system_name, ''), record_id, entity), action))
    FILTER (WHERE channel = 'sms') AS newest_sms_refusal
  FROM interaction
  WHERE
    action IN ('email_unsubscribed', 'email_complaint', 'sms_unsubscribed', 'sms_complaint')
    AND customer_key IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
),

counted AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE kind = 'activity') AS activity_count,
    count(*) FILTER (WHERE kind = 'comment') AS comment_count,
    count(*) FILTER (WHERE kind = 'review') AS review_count,
    count(*) FILTER (WHERE kind = 'subscribe') AS subscribe_count,
    count(*) FILTER (WHERE kind = 'unsubscribe') AS unsubscribe_count,
    count(*) FILTER (WHERE kind = 'email') AS email_count,
    count(*) FILTER (WHERE kind = 'sms') AS sms_count,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
  FROM interaction
  WHERE customer_key IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
)

SELECT
  counted.company_id,
  counted.activity_date,
  counted.customer_key,
  counted.interaction_count,
  counted.activity_count,
  counted.comment_count,
  counted.review_count,
  counted.subscribe_count,
  counted.unsubscribe_count,
  counted.email_count,
  counted.sms_count,
  counted.first_at,
  counted.last_at,
  newest.newest_name,
  refused.latest_email_opt_out,
  refused.newest_sms_refusal
FROM counted
LEFT JOIN newest USING (company_id, activity_date, customer_key)
LEFT JOIN refused USING (company_id, activity_date, customer_key)
