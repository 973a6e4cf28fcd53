-- Interactions of one customer key with one product on one day.
-- Grain: company_id, activity_date, customer_key, product_sku
-- Inputs: interaction
-- Mind: Only interactions with both a customer and a product are included: no e-mail, no SMS, no customer with masked
--   contacts alone. `interaction_daily` counts the interactions that are left out.
--   A day without interactions has no row.
--   `activity_amount` adds up the amounts of all activities, searches included; it is not `revenue`.
--   A customer key is not a person: one person may have several.
WITH
daily AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    product_sku,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE kind = 'activity') AS activity_count,
    count(*) FILTER (WHERE kind = 'comment') AS comment_count,
    count(*) FILTER (WHERE kind = 'review') AS review_count,
    count(*) FILTER (WHERE kind = 'subscribe') AS subscribe_count,
    count(*) FILTER (WHERE kind = 'unsubscribe') AS unsubscribe_count,
    list(action ORDER BY action) AS actions,
    sum(amount) FILTER (WHERE kind = 'activity') AS activity_amount,
    count(*) FILTER (WHERE sale_type = 'purchase') AS purchase_count,
    count(*) FILTER (WHERE sale_type = 'refund') AS refund_count,
    coalesce(sum(sale_quantity), 0) AS sale_quantity,
    coalesce(sum(revenue), 0) AS revenue,
    count(*) FILTER (WHERE sale_type IS NOT NULL AND revenue IS NULL) AS sale_without_amount_count,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
  FROM interaction
  WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL
  GROUP BY company_id, activity_date, customer_key, product_sku
),

-- Few records are reviews or subscriptions: their own columns are aggregated over these few alone.
feedback AS (
  SELECT
    company_id,
    activity_date,
    customer_key,
    product_sku,
    list(rating ORDER BY rating) FILTER (WHERE rating IS NOT NULL) AS ratings,
    max(
      {
        'occurred_at': occurred_at,
        'dump_date': dump_date,
        'system_name': coalesce(system_name, ''),
        'record_id': record_id,
        'rating': rating
      }
    ) FILTER (WHERE rating IS NOT NULL) AS newest_rating,
    max(
      {
        'occurred_at': occurred_at,
        'dump_date': dump_date,
        'system_name': coalesce(system_name, ''),
        'record_id': record_id,
        'is_subscribed': kind = 'subscribe'
      }
    ) FILTER (WHERE kind IN ('subscribe', 'unsubscribe')) AS newest_subscription
  FROM interaction
  WHERE
    customer_key IS NOT NULL
    AND product_sku IS NOT NULL
    AND (rating IS NOT NULL OR kind IN ('subscribe', 'unsubscribe'))
  GROUP BY company_id, activity_date, customer_key, product_sku
)

SELECT
  daily.company_id,
  daily.activity_date,
  daily.customer_key,
  daily.product_sku,
  daily.interaction_count,
  daily.activity_count,
  daily.comment_count,
  daily.review_count,
  daily.subscribe_count,
  daily.unsubscribe_count,
  list_aggregate(daily.actions, 'histogram') AS action_counts,
  try_cast(daily.activity_amount AS DECIMAL(18, 4)) AS activity_amount,
  coalesce(feedback.ratings, []) AS ratings,
  feedback.newest_rating,
  feedback.newest_subscription,
  daily.purchase_count,
  daily.refund_count,
  daily.sale_quantity,
  daily.revenue,
  daily.sale_without_amount_count,
  daily.first_at,
  daily.last_at
FROM daily
LEFT JOIN feedback USING (company_id, activity_date, customer_key, product_sku)
