-- Interactions by day and kind, all companies together.
-- Grain: activity_date, kind
SELECT
  activity_date,
  kind,
  sum(interaction_count)::BIGINT AS interaction_count,
  sum(without_customer_count)::BIGINT AS without_customer_count
FROM marts.interaction_daily
WHERE activity_date BETWEEN getvariable('first') AND getvariable('last')
GROUP BY activity_date, kind
ORDER BY activity_date, kind
