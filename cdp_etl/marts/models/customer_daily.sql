-- Interactions of one customer key on one day, over all products and channels, with the newest name of that day.
-- Grain: company_id, activity_date, customer_key
-- Inputs: interaction, customer_product_activity_current, customer_product_comment_current,
--   customer_product_review_current, customer_product_subscriber_current
-- Mind: A customer key is not a person: one person may have several (see `customer`).
--   `newest_…` and `latest_…` hold a value together with the timestamp and record id that decided.
WITH
named_record AS (
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

name_of_day AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    max(row(row(occurred_at, dump_date, coalesce(system_name, ''), record_id, entity), customer_name)) AS newest_name
  FROM named_record
  WHERE customer_key IS NOT NULL AND customer_name IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
),

opt_out AS (
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
    event_type IN ('unsubscribed', 'complained')
    AND customer_key IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
),

daily_count AS (
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
    count(*) FILTER (WHERE sale_type = 'purchase') AS purchase_count,
    count(*) FILTER (WHERE sale_type = 'refund') AS refund_count,
    coalesce(sum(sale_quantity), 0) AS sale_quantity,
    coalesce(sum(revenue), 0) AS revenue,
    count(*) FILTER (WHERE sale_type IS NOT NULL AND revenue IS NULL) AS sale_without_amount_count,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
  FROM interaction
  WHERE customer_key IS NOT NULL
  GROUP BY company_id, activity_date, customer_key
)

SELECT
  daily_count.company_id,
  daily_count.activity_date,
  daily_count.customer_key,
  daily_count.interaction_count,
  daily_count.activity_count,
  daily_count.comment_count,
  daily_count.review_count,
  daily_count.subscribe_count,
  daily_count.unsubscribe_count,
  daily_count.email_count,
  daily_count.sms_count,
  daily_count.purchase_count,
  daily_count.refund_count,
  daily_count.sale_quantity,
  daily_count.revenue,
  daily_count.sale_without_amount_count,
  daily_count.first_at,
  daily_count.last_at,
  name_of_day.newest_name,
  opt_out.latest_email_opt_out,
  opt_out.newest_sms_refusal
FROM daily_count
LEFT JOIN name_of_day USING (company_id, activity_date, customer_key)
LEFT JOIN opt_out USING (company_id, activity_date, customer_key)
