-- One product: its newest attributes and its lifetime interaction counts.
-- Grain: company_id, product_sku
-- Inputs: product_daily
-- Mind: Each attribute is the newest that any record names, so attributes need not come from one record.
--   Ratings have no fixed scale: the contract does not bound them.
--   `subscription_count` counts subscriptions in force, not customers.
WITH
-- `stored_totals` holds the previous row of products that only gained later days; it is empty in a full rebuild.
contribution AS (
  SELECT
    company_id,
    product_sku,
    activity_date,
    newest_name.place.occurred_at AS name_at,
    newest_category.place.occurred_at AS category_at,
    newest_category_id.place.occurred_at AS category_id_at,
    newest_image_link.place.occurred_at AS image_link_at,
    newest_link.place.occurred_at AS link_at,
    newest_price.place.occurred_at AS price_at,
    interaction_count,
    activity_count,
    wishlist_count,
    comment_count,
    review_count,
    subscribe_count AS subscription_count,
    rating_count,
    rating_sum,
    purchase_count,
    refund_count,
    sale_quantity,
    revenue,
    sale_without_amount_count,
    first_at,
    last_at
  FROM product_daily
  UNION ALL
  SELECT
    company_id,
    product_sku,
    last_date AS activity_date,
    NULL AS name_at,
    NULL AS category_at,
    NULL AS category_id_at,
    NULL AS image_link_at,
    NULL AS link_at,
    NULL AS price_at,
    interaction_count,
    activity_count,
    wishlist_count,
    comment_count,
    review_count,
    subscription_count,
    rating_count,
    rating_sum,
    purchase_count,
    refund_count,
    sale_quantity,
    revenue,
    sale_without_amount_count,
    first_at,
    last_at
  FROM stored_totals
),

-- A timestamp is on one day, so days with equal last timestamps do not exist.
total AS (
  SELECT
    company_id,
    product_sku,
    arg_max(activity_date, name_at) AS name_date,
    arg_max(activity_date, category_at) AS category_date,
    arg_max(activity_date, category_id_at) AS category_id_date,
    arg_max(activity_date, image_link_at) AS image_link_date,
    arg_max(activity_date, link_at) AS link_date,
    arg_max(activity_date, price_at) AS price_date,
    sum(interaction_count) AS interaction_count,
    sum(activity_count) AS activity_count,
    sum(wishlist_count) AS wishlist_count,
    sum(comment_count) AS comment_count,
    sum(review_count) AS review_count,
    sum(subscription_count) AS subscription_count,
    sum(rating_count) AS rating_count,
    sum(rating_sum) AS rating_sum,
    sum(purchase_count) AS purchase_count,
    sum(refund_count) AS refund_count,
    sum(sale_quantity) AS sale_quantity,
    sum(revenue) AS revenue,
    sum(sale_without_amount_count) AS sale_without_amount_count,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    max(activity_date) AS last_date
  FROM contribution
  GROUP BY company_id, product_sku
),

-- The newest value of an attribute is on the day with its last timestamp: only these days need the expensive full
-- comparison.
deciding_day AS (
  SELECT DISTINCT
    company_id,
    product_sku,
    unnest([name_date, category_date, category_id_date, image_link_date, link_date, price_date]) AS activity_date
  FROM total
),

attribute_candidate AS (
  SELECT
    company_id,
    product_sku,
    newest_name,
    newest_category,
    newest_category_id,
    newest_image_link,
    newest_link,
    newest_price
  FROM product_daily
  SEMI JOIN deciding_day USING (company_id, product_sku, activity_date)
  UNION ALL
  SELECT
    company_id,
    product_sku,
    newest_name,
    newest_category,
    newest_category_id,
    newest_image_link,
    newest_link,
    newest_price
  FROM stored_totals
),

newest AS (
  SELECT
    company_id,
    product_sku,
    max(newest_name) AS newest_name,
    max(newest_category) AS newest_category,
    max(newest_category_id) AS newest_category_id,
    max(newest_image_link) AS newest_image_link,
    max(newest_link) AS newest_link,
    max(newest_price) AS newest_price
  FROM attribute_candidate
  GROUP BY company_id, product_sku
)

SELECT
  total.company_id,
  total.product_sku,
  newest.newest_name.value AS product_name,
  newest.newest_category.value AS product_category,
  newest.newest_category_id.value AS product_category_id,
  newest.newest_image_link.value AS product_image_link,
  newest.newest_link.value AS product_link,
  newest.newest_price.value AS price,
  total.interaction_count,
  total.activity_count,
  total.wishlist_count,
  total.comment_count,
  total.review_count,
  total.subscription_count,
  total.rating_count,
  round_quotient(total.rating_sum * 10000, nullif(total.rating_count, 0)) / 10000 AS rating_average,
  total.purchase_count,
  total.refund_count,
  total.sale_quantity,
  total.revenue,
  total.sale_without_amount_count,
  total.first_at,
  total.last_at,
  total.last_date,
  total.rating_sum,
  newest.newest_name,
  newest.newest_category,
  newest.newest_category_id,
  newest.newest_image_link,
  newest.newest_link,
  newest.newest_price
FROM total
LEFT JOIN newest USING (company_id, product_sku)
