-- What was done with one product on one day, by anybody, and what the newest records of the day say of it.
-- Grain: company_id, activity_date, product_sku
-- Inputs: interaction, customer_product_activity_current, customer_product_comment_current,
--   customer_product_review_current, customer_product_subscriber_current
-- Mind: Interactions of unknown customers count too: it adds up to more than `customer_product_daily`.
--   `newest_…` hold a value with the moment and the key that decided for it; `product` shows the values alone.
WITH
said AS NOT MATERIALIZED (
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

-- Few records can be the newest, those of the last moment: only they are compared in full, which is dear.
decisive AS (
  SELECT
    company_id,
    activity_date,
    product_sku,
    max(occurred_at) FILTER (WHERE product_name IS NOT NULL) AS name_at,
    max(occurred_at) FILTER (WHERE product_category IS NOT NULL) AS category_at,
    max(occurred_at) FILTER (WHERE product_category_id IS NOT NULL) AS category_id_at,
    max(occurred_at) FILTER (WHERE product_image_link IS NOT NULL) AS image_link_at,
    max(occurred_at) FILTER (WHERE product_link IS NOT NULL) AS link_at,
    max(occurred_at) FILTER (WHERE try_cast(price AS DECIMAL(18, 4)) IS NOT NULL) AS price_at
  FROM said
  WHERE product_sku IS NOT NULL
  GROUP BY company_id, activity_date, product_sku
),

decisive_moment AS (
  SELECT DISTINCT
    company_id,
    product_sku,
    unnest([name_at, category_at, category_id_at, image_link_at, link_at, price_at]) AS occurred_at
  FROM decisive
),

-- One order for all: of two records of one moment the later dump decides, then system, id and entity.
placed AS (
  SELECT
    said.*,
    {
      'occurred_at': said.occurred_at,
      'dump_date': said.dump_date,
      'system_name': coalesce(said.system_name, ''),
      'record_id': said.record_id,
      'entity': said.entity
    } AS place,
    try_cast(said.price AS DECIMAL(18, 4)) AS amount
  FROM said
  SEMI JOIN decisive_moment USING (company_id, product_sku, occurred_at)
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
  FROM placed
  GROUP BY company_id, activity_date, product_sku
),

counted AS (
  SELECT
    company_id,
    activity_date,
    product_sku,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE kind = 'activity') AS activity_count,
    count(*) FILTER (WHERE kind = 'activity' AND action = 'wishlist') AS wishlist_count,
    count(*) FILTER (WHERE kind = 'comment') AS comment_count,
    count(*) FILTER (WHERE kind = 'review') AS review_count,
    count(*) FILTER (WHERE kind = 'subscribe') AS subscribe_count,
    count(*) FILTER (WHERE kind = 'unsubscribe') AS unsubscribe_count,
    count(rating) AS rating_count,
    coalesce(sum(rating), 0) AS rating_sum,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
  FROM interaction
  WHERE product_sku IS NOT NULL
  GROUP BY company_id, activity_date, product_sku
)

SELECT
  counted.company_id,
  counted.activity_date,
  counted.product_sku,
  counted.interaction_count,
  counted.activity_count,
  counted.wishlist_count,
  counted.comment_count,
  counted.review_count,
  counted.subscribe_count,
  counted.unsubscribe_count,
  counted.rating_count,
  counted.rating_sum,
  counted.first_at,
  counted.last_at,
  newest.newest_name,
  newest.newest_category,
  newest.newest_category_id,
  newest.newest_image_link,
  newest.newest_link,
  newest.newest_price
FROM counted
LEFT JOIN newest USING (company_id, activity_date, product_sku)
