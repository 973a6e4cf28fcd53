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
    daily.company_id,
    person.person_id,
    daily.product_sku,
    daily.activity_date,
    daily.interaction_count,
    daily.activity_count,
    daily.comment_count,
    daily.review_count,
    daily.subscribe_count,
    daily.unsubscribe_count,
    daily.first_at,
    daily.last_at,
    daily.newest_rating,
    daily.newest_subscription,
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
    min(activity_date) AS first_date,
    max(activity_date) AS last_date,
    sum(day_score::DECIMAL(38, 6)) AS undiminished_score
  FROM person_day
  GROUP BY company_id, person_id, product_sku
),

-- Most pairs meet on one day only: what is dear is done for the others.
-- Each day is rounded to a decimal before it is added: a sum of decimals does not depend on the order of its parts.
diminished AS (
  SELECT
    person_day.company_id,
    person_day.person_id,
    person_day.product_sku,
    count(DISTINCT person_day.activity_date) AS active_day_count,
    sum(
      (
        person_day.day_score
        * pow(
          0.5,
          date_diff('day', person_day.activity_date, total.last_date) / getvariable('affinity_half_life_days')
        )
      )::DECIMAL(38, 6)
    ) AS affinity_score
  FROM person_day
  INNER JOIN total USING (company_id, person_id, product_sku)
  WHERE total.first_date < total.last_date
  GROUP BY person_day.company_id, person_day.person_id, person_day.product_sku
),

said AS (
  SELECT
    company_id,
    person_id,
    product_sku,
    max(newest_rating) AS newest_rating,
    max(newest_subscription) AS newest_subscription
  FROM person_day
  WHERE newest_rating IS NOT NULL OR newest_subscription IS NOT NULL
  GROUP BY company_id, person_id, product_sku
),

scored AS (
  SELECT
    total.*,
    coalesce(diminished.active_day_count, 1) AS active_day_count,
    coalesce(diminished.affinity_score, total.undiminished_score)::DOUBLE AS affinity_score,
    said.newest_rating.rating AS last_rating,
    said.newest_subscription.is_subscribed
  FROM total
  LEFT JOIN diminished USING (company_id, person_id, product_sku)
  LEFT JOIN said USING (company_id, person_id, product_sku)
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
  last_rating,
  is_subscribed,
  affinity_score,
  affinity_order
FROM ordered
