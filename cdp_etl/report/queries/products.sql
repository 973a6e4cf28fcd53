-- Products with most interactions on one day, and those with the most significant changes from week to week.
-- Grain: company_id, product_sku
WITH
counted AS (
  SELECT
    company_id,
    product_sku,
    coalesce(sum(interaction_count) FILTER (WHERE activity_date = getvariable('last')), 0)::BIGINT AS day_count,
    count(DISTINCT customer_key) FILTER (WHERE activity_date = getvariable('last')) AS day_customer_count,
    coalesce(
      sum(interaction_count) FILTER (WHERE activity_date > getvariable('last') - INTERVAL 7 DAY), 0
    )::BIGINT AS week_count,
    coalesce(
      sum(interaction_count) FILTER (WHERE activity_date <= getvariable('last') - INTERVAL 7 DAY), 0
    )::BIGINT AS week_before_count
  FROM marts.customer_product_daily
  WHERE activity_date > getvariable('last') - INTERVAL 14 DAY AND activity_date <= getvariable('last')
  GROUP BY company_id, product_sku
),

-- Difference of the weeks in standard deviations, if both were Poisson counts of the same rate.
scored AS (
  SELECT
    *,
    (week_count - week_before_count) / sqrt(week_count + week_before_count) AS score
  FROM counted
),

ranked AS (
  SELECT
    *,
    row_number() OVER (ORDER BY day_count DESC, week_count DESC, company_id ASC, product_sku ASC) AS day_rank,
    row_number() OVER (ORDER BY score DESC, company_id ASC, product_sku ASC) AS rise_rank,
    row_number() OVER (ORDER BY score, company_id, product_sku) AS fall_rank
  FROM scored
)

SELECT
  company_id,
  product_sku,
  day_count,
  day_customer_count,
  week_count,
  week_before_count,
  score,
  day_rank,
  rise_rank,
  fall_rank
FROM ranked
WHERE
  (day_rank <= getvariable('max_top') AND day_count > 0)
  OR (rise_rank <= getvariable('max_movers') AND score >= getvariable('min_score'))
  OR (fall_rank <= getvariable('max_movers') AND score <= -getvariable('min_score'))
ORDER BY day_rank
