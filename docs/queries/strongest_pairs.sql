-- The persons and products that have most to do with each other, by how much was done and how lately.
-- `affinity_order` compares pairs as of one and the same day; `affinity_score` is as of the pair's own last day.
SELECT
  company_id,
  person_id,
  product_sku,
  affinity_order,
  affinity_score,
  interaction_count AS interactions,
  active_day_count AS active_days,
  last_at
FROM marts.customer_product
ORDER BY affinity_order DESC NULLS LAST, company_id ASC, person_id ASC, product_sku ASC
LIMIT 10
