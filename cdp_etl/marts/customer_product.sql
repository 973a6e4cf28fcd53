-- What one person has done with one product in all time, and how strongly they are drawn to it.
-- Grain: company_id, person_id, product_sku
-- Inputs: customer_product_daily, customer_identity
-- Mind: `affinity_score` is as of `last_date`; it halves with every half-life after that. Compare pairs by
--   `affinity_order`, which sorts them alike on any day.
--   The score says how much was done and how lately, not how likely the next purchase is.
--   A person with masked contacts only is not here.
WITH
person_day AS (
  SELECT
    daily.*,
    person.person_id,
    -- Counts by action times their weights; a review with a low rating weighs what `low_rating` says instead.
    list_sum(
      list_transform(
        map_entries(daily.action_counts),
        LAMBDA entry: entry.value * coalesce(
          getvariable('affinity_weights')[entry.key], getvariable('affinity_weights')['other']
        )
      )
    )
    + len(list_filter(daily.ratings, LAMBDA rating: rating <= getvariable('affinity_low_rating')))
    * (
      getvariable('affinity_weights')['low_rating']
      - coalesce(getvariable('affinity_weights')['review'], getvariable('affinity_weights')['other'])
    ) AS day_score
  FROM customer_product_daily AS daily
  INNER JOIN customer_identity AS person
    ON daily.company_id = person.company_id AND daily.customer_key = person.identifier
),

total AS (
  SELECT
    company_id,
    person_id,
    product_sku,
    sum(interaction_count) AS interaction_count,
    sum(activity_count) AS activity_count,
    sum(comment_count) AS comment_count,
    sum(review_count) AS review_count,
    sum(subscribe_count) AS subscribe_count,
    sum(unsubscribe_count) AS unsubscribe_count,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    max(activity_date) AS last_date,
    max(newest_rating) AS newest_rating,
    max(newest_subscription) AS newest_subscription,
    list(row(activity_date, day_score)) AS day_scores
  FROM person_day
  GROUP BY company_id, person_id, product_sku
),

-- Each day is rounded to a decimal before it is added: a sum of decimals does not depend on the order of its parts.
scored AS (
  SELECT
    *,
    list_unique(list_transform(day_scores, LAMBDA one: one[1])) AS active_day_count,
    list_sum(
      list_transform(
        day_scores,
        LAMBDA one: (
          one[2] * pow(0.5, date_diff('day', one[1], last_date) / getvariable('affinity_half_life_days'))
        )::DECIMAL(38, 6)
      )
    )::DOUBLE AS affinity_score
  FROM total
),

ordered AS (
  SELECT
    *,
    CASE
      WHEN affinity_score > 0
        THEN round(
          log2(affinity_score)
          + date_diff('day', DATE '2000-01-01', last_date) / getvariable('affinity_half_life_days'),
          6
        )
    END AS affinity_order
  FROM scored
)

SELECT
  company_id,
  person_id,
  product_sku,
  interaction_count,
  activity_count,
  comment_count,
  review_count,
  subscribe_count,
  unsubscribe_count,
  active_day_count,
  first_at,
  last_at,
  last_date,
  newest_rating.rating AS last_rating,
  newest_subscription.is_subscribed,
  affinity_score,
  affinity_order,
  row_number() OVER (
    PARTITION BY company_id, person_id
    ORDER BY affinity_order DESC NULLS LAST, affinity_score DESC, last_at DESC, product_sku ASC
  ) AS affinity_rank
FROM ordered
