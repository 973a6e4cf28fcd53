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

-- What is summed up already of the days before all of these stands in `earlier`; it is empty where all days are read.
summed AS (
  SELECT
    company_id,
    person_id,
    product_sku,
    activity_date,
    interaction_count,
    activity_count,
    comment_count,
    review_count,
    subscribe_count,
    unsubscribe_count,
    first_at,
    last_at,
    day_score::DECIMAL(38, 6) AS day_score,
    NULL AS earlier_days,
    NULL AS earlier_rating,
    NULL AS was_subscribed
  FROM person_day
  UNION ALL
  SELECT
    company_id,
    person_id,
    product_sku,
    last_date AS activity_date,
    interaction_count,
    activity_count,
    comment_count,
    review_count,
    subscribe_count,
    unsubscribe_count,
    first_at,
    last_at,
    NULL AS day_score,
    active_day_count AS earlier_days,
    last_rating AS earlier_rating,
    is_subscribed AS was_subscribed
  FROM earlier
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
    sum(day_score) AS score_of_one_day,
    max(earlier_days) AS earlier_days,
    max(earlier_rating) AS earlier_rating,
    bool_or(was_subscribed) AS was_subscribed
  FROM summed
  GROUP BY company_id, person_id, product_sku
),

-- Most pairs meet on one day only: what is dear is done for the others.
several AS (
  SELECT
    person_day.company_id,
    person_day.person_id,
    person_day.product_sku,
    person_day.activity_date,
    -- A sum of decimals does not depend on the order of its parts: several identifiers of the person on one day.
    sum(person_day.day_score::DECIMAL(38, 6))::DOUBLE AS score,
    NULL AS earlier_days
  FROM person_day
  INNER JOIN total USING (company_id, person_id, product_sku)
  WHERE total.first_date < total.last_date OR total.earlier_days IS NOT NULL
  GROUP BY person_day.company_id, person_day.person_id, person_day.product_sku, person_day.activity_date
  UNION ALL
  SELECT
    company_id,
    person_id,
    product_sku,
    last_date AS activity_date,
    affinity_score AS score,
    active_day_count AS earlier_days
  FROM earlier
),

-- Day by day in their order: the score so far is diminished and rounded, so that it can be gone on from.
-- To sqlfluff a LAMBDA of two parameters is no SQL (PRS).
diminished AS (
  SELECT
    company_id,
    person_id,
    product_sku,
    count(activity_date) + coalesce(max(earlier_days) - 1, 0) AS active_day_count,
    list_reduce( -- noqa: PRS
      list_sort(list({'day': activity_date, 'score': score})),
      LAMBDA so_far, next_day: {
        'day': next_day.day,
        'score': round(
          so_far.score
          * pow(0.5, date_diff('day', so_far.day, next_day.day) / getvariable('affinity_half_life_days'))
          + next_day.score,
          6
        )
      }
    ).score AS affinity_score
  FROM several
  GROUP BY company_id, person_id, product_sku
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
    coalesce(diminished.affinity_score, total.score_of_one_day::DOUBLE) AS affinity_score,
    coalesce(said.newest_rating.rating, total.earlier_rating) AS last_rating,
    coalesce(said.newest_subscription.is_subscribed, total.was_subscribed) AS is_subscribed
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
