-- Purchases, refunds and revenue by day, all companies together.
-- Grain: activity_date
SELECT
  activity_date,
  count(*) FILTER (WHERE sale_type = 'purchase') AS purchase_count,
  count(*) FILTER (WHERE sale_type = 'refund') AS refund_count,
  coalesce(sum(revenue), 0) AS revenue,
  count(*) FILTER (WHERE revenue IS NULL) AS without_amount_count
FROM marts.interaction
WHERE activity_date BETWEEN getvariable('first') AND getvariable('last') AND sale_type IS NOT NULL
GROUP BY activity_date
ORDER BY activity_date
