-- One current record of any entity that is not deleted: customer, action, time, product or campaign.
-- Grain: entity, record_key
-- Inputs: <entity>_current
-- Mind: `kind` is a closed list; `action` is an open vocabulary, and new values appear without a code change.
--   `action_type` and `event_type` are closed lists, by the vocabulary in force: compare these. An activity without a
--   mapping is `other`, an event without one has no type.
--   `amount` is the price that the record names, not revenue: a search for a product that costs 5 has the amount 5.
--   `sale_type`, `sale_quantity` and `revenue` are of purchases and refunds alone; add up `revenue`, not `amount`.
--   An amount of 100 trillion or more does not fit and is null.
--   A provider may report one opening under two ids: count distinct customers, not rows.
--   A subscription has its current status; earlier statuses are in staging alone.
WITH
record AS (
  SELECT
    'customer_product_activity' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    action_id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    'activity' AS kind,
    action_folded AS action,
    NULL AS action_type,
    NULL AS event_type,
    customer_key,
    product_sku,
    product_category_id,
    quantity,
    price AS unit_price,
    NULL AS rating,
    NULL AS channel,
    NULL AS service_provider,
    NULL AS campaign_id,
    NULL AS campaign_name,
    product_link AS link
  FROM customer_product_activity_current
  UNION ALL
  SELECT
    'customer_product_comment' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    comment_id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    'comment' AS kind,
    'comment' AS action,
    'comment' AS action_type,
    NULL AS event_type,
    customer_key,
    product_sku,
    product_category_id,
    NULL AS quantity,
    coalesce(product_price4_sale, product_price) AS unit_price,
    NULL AS rating,
    NULL AS channel,
    NULL AS service_provider,
    NULL AS campaign_id,
    NULL AS campaign_name,
    product_link AS link
  FROM customer_product_comment_current
  UNION ALL
  SELECT
    'customer_product_review' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    review_id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    'review' AS kind,
    'review' AS action,
    'review' AS action_type,
    NULL AS event_type,
    customer_key,
    product_sku,
    product_category_id,
    NULL AS quantity,
    coalesce(product_price4_sale, product_price) AS unit_price,
    rating,
    NULL AS channel,
    NULL AS service_provider,
    NULL AS campaign_id,
    NULL AS campaign_name,
    product_link AS link
  FROM customer_product_review_current
  UNION ALL
  SELECT
    'customer_product_subscriber' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    subscribe_id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    CASE status WHEN 'Unsubscribed' THEN 'unsubscribe' ELSE 'subscribe' END AS kind,
    CASE status WHEN 'Unsubscribed' THEN 'unsubscribe' ELSE 'subscribe' END AS action,
    CASE status WHEN 'Unsubscribed' THEN 'unsubscribe' ELSE 'subscribe' END AS action_type,
    NULL AS event_type,
    customer_key,
    product_sku,
    NULL AS product_category_id,
    NULL AS quantity,
    NULL AS unit_price,
    NULL AS rating,
    CASE source_channel WHEN 'Online' THEN 'online' WHEN 'Offline' THEN 'offline' END AS channel,
    NULL AS service_provider,
    NULL AS campaign_id,
    NULL AS campaign_name,
    NULL AS link
  FROM customer_product_subscriber_current
  UNION ALL
  SELECT
    'email_interaction' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    'email' AS kind,
    'email_' || event_folded AS action,
    NULL AS action_type,
    event_type,
    customer_key,
    NULL AS product_sku,
    NULL AS product_category_id,
    NULL AS quantity,
    NULL AS unit_price,
    NULL AS rating,
    'email' AS channel,
    service_provider,
    campaign_id,
    campaign_name,
    coalesce(link, link2) AS link
  FROM email_interaction_current
  UNION ALL
  SELECT
    'sms_interaction' AS entity,
    record_key,
    key_hash,
    company_id,
    system_name,
    id AS record_id,
    dump_date,
    occurred_at,
    activity_date,
    'sms' AS kind,
    'sms_' || event_folded AS action,
    NULL AS action_type,
    event_type,
    customer_key,
    NULL AS product_sku,
    NULL AS product_category_id,
    NULL AS quantity,
    NULL AS unit_price,
    NULL AS rating,
    'sms' AS channel,
    service_provider,
    campaign_id,
    campaign_name,
    coalesce(link, link2) AS link
  FROM sms_interaction_current
),

action_word AS (
  SELECT
    unnest(map_keys(getvariable('action_types'))) AS word,
    unnest(map_values(getvariable('action_types'))) AS action_type
),

priced AS (
  SELECT
    record.*,
    CASE record.kind
      WHEN 'activity' THEN coalesce(action_word.action_type, 'other')
      ELSE record.action_type
    END AS known_action_type,
    CASE
      -- Nothing costs 0, also at a price that does not fit.
      WHEN record.quantity = 0 AND record.unit_price IS NOT NULL THEN 0
      ELSE try_cast(to_amount(record.unit_price) * coalesce(record.quantity, 1) AS DECIMAL(18, 4))
    END AS amount
  FROM record
  LEFT JOIN action_word ON record.kind = 'activity' AND action_word.word = replace(record.action, '_', '')
),

sold AS (
  SELECT
    *,
    CASE
      WHEN list_contains(getvariable('purchase_actions')::VARCHAR[], known_action_type) THEN 'purchase'
      WHEN list_contains(getvariable('refund_actions')::VARCHAR[], known_action_type) THEN 'refund'
    END AS sale_type
  FROM priced
)

SELECT
  entity,
  record_key,
  key_hash,
  company_id,
  system_name,
  record_id,
  dump_date,
  occurred_at,
  activity_date,
  kind,
  action,
  known_action_type AS action_type,
  event_type,
  customer_key,
  product_sku,
  product_category_id,
  quantity,
  amount,
  sale_type,
  -- Not abs: the smallest integer has no positive counterpart.
  CASE sale_type
    WHEN 'purchase' THEN coalesce(quantity, 1)
    WHEN 'refund' THEN CASE WHEN coalesce(quantity, 1) > 0 THEN -coalesce(quantity, 1) ELSE quantity END
  END AS sale_quantity,
  CASE sale_type
    WHEN 'purchase' THEN amount
    WHEN 'refund' THEN -abs(amount)
  END AS revenue,
  rating,
  channel,
  service_provider,
  campaign_id,
  campaign_name,
  link
FROM sold
