-- One product: what the newest records say of it, and what was done with it in all time.
-- Grain: company_id, product_sku
-- Inputs: product_daily
-- Mind: Each attribute is the newest that any record names: they need not come from one record.
--   Ratings are on no fixed scale: the contract bounds them by nothing.
--   `subscription_count` counts subscriptions in force, not customers.
WITH
total AS (
  SELECT
    company_id,
    product_sku,
    max(newest_name) AS newest_name,
    max(newest_category) AS newest_category,
    max(newest_category_id) AS newest_category_id,
    max(newest_image_link) AS newest_image_link,
    max(newest_link) AS newest_link,
    max(newest_price) AS newest_price,
    sum(interaction_count) AS interaction_count,
    sum(activity_count) AS activity_count,
    sum(wishlist_count) AS wishlist_count,
    sum(comment_count) AS comment_count,
    sum(review_count) AS review_count,
    sum(subscribe_count) AS subscription_count,
    sum(rating_count) AS rating_count,
    sum(rating_sum) AS rating_sum,
    min(first_at) AS first_at,
    max(last_at) AS last_at
  FROM product_daily
  GROUP BY company_id, product_sku
)

SELECT
  company_id,
  product_sku,
  newest_name.value AS product_name,
  newest_category.value AS product_category,
  newest_category_id.value AS product_category_id,
  newest_image_link.value AS product_image_link,
  newest_link.value AS product_link,
  newest_price.value AS price,
  interaction_count,
  activity_count,
  wishlist_count,
  comment_count,
  review_count,
  subscription_count,
  rating_count,
  round(rating_sum / nullif(rating_count, 0), 4) AS rating_average,
  first_at,
  last_at
FROM total
