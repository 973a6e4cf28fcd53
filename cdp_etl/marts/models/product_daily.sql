-- Interactions of all customers with one product on one day, and the newest product attributes of that day.
-- Grain: company_id, activity_date, product_sku
-- Inputs: interaction, customer_product_activity_current, customer_product_comment_current,
--   customer_product_review_current, customer_product_subscriber_current
-- Mind: Interactions of unknown customers count too, so the sum exceeds that of `customer_product_daily`.
--   `newest_…` hold a value together with the timestamp and record id that decided; `product` has the values alone.
WITH
product_record AS NOT MATERIALIZED (
  SELECT
    company_id,
    activity_date,
    product_sku,
    occurred_at,
    dump_date,
    system_name,
    action_id AS record_id,
    'customer_product_activity' AS entity,
    product_name,
    product_category,
    product_category_id,
    product_image_link,
    product_link,
    price
  FROM customer_product_activity_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    product_sku,
    occurred_at,
    dump_date,
    system_name,
    comment_id AS record_id,
    'customer_product_comment' AS entity,
    product_name,
    product_category,
    product_category_id,
    product_image_link,
    product_link,
    coalesce(product_price4_sale, product_price) AS price
  FROM customer_product_comment_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    product_sku,
    occurred_at,
    dump_date,
    system_name,
    review_id AS record_id,
    'customer_product_review' AS entity,
    product_name,
    product_category,
    product_category_id,
    product_image_link,
    product_link,
    coalesce(product_price4_sale, product_price) AS price
  FROM customer_product_review_current
  UNION ALL
  SELECT
    company_id,
    activity_date,
    product_sku,
    occurred_at,
    dump_date,
    system_name,
    subscribe_id AS record_id,
    'customer_product_subscriber' AS entity,
    product_name,
    NULL AS product_category,
    NULL AS product_category_id,
    NULL AS product_image_link,
    NULL AS product_link,
    NULL AS price
  FROM customer_product_subscriber_current
),

-- Only records with the last timestamp can be the newest: the expensive full comparison is limited to them.
last_timestamp AS (
  SELECT
    company_id,
    activity_date,
    product_sku,
    max(occurred_at) FILTER (WHERE product_name IS NOT NULL) AS name_at,
    max(occurred_at) FILTER (WHERE product_category IS NOT NULL) AS category_at,
    max(occurred_at) FILTER (WHERE product_category_id IS NOT NULL) AS category_id_at,
    max(occurred_at) FILTER (WHERE product_image_link IS NOT NULL) AS image_link_at,
    max(occurred_at) FILTER (WHERE product_link IS NOT NULL) AS link_at,
    max(occurred_at) FILTER (WHERE to_amount(price) IS NOT NULL) AS price_at
  FROM product_record
  WHERE product_sku IS NOT NULL
  GROUP BY company_id, activity_date, product_sku
),

deciding_timestamp AS (
  SELECT DISTINCT
    company_id,
    product_sku,
    unnest([name_at, category_at, category_id_at, image_link_at, link_at, price_at]) AS occurred_at
  FROM last_timestamp
),

-- Total order: of two records with one timestamp the later dump decides, then system, id and entity.
candidate AS (
  SELECT
    product_record.*,
    {
      'occurred_at': product_record.occurred_at,
      'dump_date': product_record.dump_date,
      'system_name': coalesce(product_record.system_name, ''),
      'record_id': product_record.record_id,
      'entity': product_record.entity
    } AS place,
    to_amount(product_record.price) AS amount
  FROM product_record
  SEMI JOIN deciding_timestamp USING (company_id, product_sku, occurred_at)
),

newest AS (
  SELECT
    company_id,
    activity_date,
    product_sku,
    max(row(place, product_name)) FILTER (WHERE product_name IS NOT NULL) AS newest_name,
    max(row(place, product_category)) FILTER (WHERE product_category IS NOT NULL) AS newest_category,
    max(row(place, product_category_id)) FILTER (WHERE product_category_id IS NOT NULL) AS newest_category_id,
    max(row(place, product_image_link)) FILTER (WHERE product_image_link IS NOT NULL) AS newest_image_link,
    max(row(place, product_link)) FILTER (WHERE product_link IS NOT NULL) AS newest_link,
    max(row(place, amount)) FILTER (WHERE amount IS NOT NULL) AS newest_price
  FROM candidate
  GROUP BY company_id, activity_date, product_sku
),

daily_count AS (
  SELECT
    company_id,
    activity_date,
    product_sku,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE kind = 'activity') AS activity_count,
    count(*) FILTER (WHERE kind = 'activity' AND action_type = 'wishlist') AS wishlist_count,
    count(*) FILTER (WHERE kind = 'comment') AS comment_count,
    count(*) FILTER (WHERE kind = 'review') AS review_count,
    count(*) FILTER (WHERE kind = 'subscribe') AS subscribe_count,
    count(*) FILTER (WHERE kind = 'unsubscribe') AS unsubscribe_count,
    count(rating) AS rating_count,
    coalesce(sum(rating), 0) AS rating_sum,
    count(*) FILTER (WHERE sale_type = 'purchase') AS purchase_count,
    count(*) FILTER (WHERE sale_type = 'refund') AS refund_count,
    coalesce(sum(sale_quantity), 0) AS sale_quantity,
    coalesce(sum(revenue), 0) AS revenue,
    count(*) FILTER (WHERE sale_type IS NOT NULL AND revenue IS NULL) AS sale_without_amount_count,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
  FROM interaction
  WHERE product_sku IS NOT NULL
  GROUP BY company_id, activity_date, product_sku
)

SELECT
  daily_count.company_id,
  daily_count.activity_date,
  daily_count.product_sku,
  daily_count.interaction_count,
  daily_count.activity_count,
  daily_count.wishlist_count,
  daily_count.comment_count,
  daily_count.review_count,
  daily_count.subscribe_count,
  daily_count.unsubscribe_count,
  daily_count.rating_count,
  daily_count.rating_sum,
  daily_count.purchase_count,
  daily_count.refund_count,
  daily_count.sale_quantity,
  daily_count.revenue,
  daily_count.sale_without_amount_count,
  daily_count.first_at,
  daily_count.last_at,
  newest.newest_name,
  newest.newest_category,
  newest.newest_category_id,
  newest.newest_image_link,
  newest.newest_link,
  newest.newest_price
FROM daily_count
LEFT JOIN newest USING (company_id, activity_date, product_sku)
