-- The customers and products that have most to do with each other: interactions over all time, and on how many days.
SELECT
  company_id,
  customer_key,
  product_sku,
  sum(interaction_count) AS interactions,
  count(*) AS active_days,
  arg_max(last_rating, activity_date) AS last_rating,
  max(last_at) AS last_at
FROM marts.customer_product_daily
GROUP BY company_id, customer_key, product_sku
ORDER BY interactions DESC, active_days DESC, last_at DESC, company_id ASC, customer_key ASC, product_sku ASC
LIMIT 10
