-- Lifetime interactions of one person with one product, and the person's affinity for the product.
-- Grain: company_id, person_id, product_sku
-- Inputs: customer_product_daily, customer_identity
-- Mind: `affinity_score` is as of `last_date` and halves with every half-life after that. Compare pairs by
--   `affinity_order`, which gives the same order on any day; it counts days from 2000-01-01.
--   The score measures the amount and recency of interactions, not the probability of a purchase.
--   A person with only masked contacts is not listed.
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
    daily.purchase_count,
    daily.refund_count,
    daily.sale_quantity,
    daily.revenue,
    daily.sale_without_amount_count,
    daily.first_at,
    daily.last_at,
    daily.newest_rating,
    daily.newest_subscription,
    -- In millionths: count of each action times its weight; a review with a low rating has the weight `low_rating`.
    -- The weight of an action is that of its name, else that of its type, else `other`.
    -- `low_rating` is not the name of an action: an activity with that name is one of the `other` actions.
    list_sum(
      list_transform(
        map_entries(daily.action_counts),
        LAMBDA entry: entry.value::HUGEINT * coalesce(
          getvariable('affinity_weight_millionths')[nullif(entry.key, 'low_rating')],
          getvariable('affinity_type_weight_millionths')[replace(entry.key, '_', '')],
          getvariable('affinity_weight_millionths')['other']
        )
      )
    )
    + len(list_filter(daily.ratings, LAMBDA rating: rating <= getvariable('affinity_low_rating')))::HUGEINT
    * (
      getvariable('affinity_weight_millionths')['low_rating']
      - coalesce(
        getvariable('affinity_weight_millionths')['review'], getvariable('affinity_weight_millionths')['other']
      )
    ) AS day_score
  FROM customer_product_daily AS daily
  INNER JOIN customer_identity AS person
    ON daily.company_id = person.company_id AND daily.customer_key = person.identifier
),

-- `stored_totals` holds the previous row of pairs that only gained later days; it is empty in a full rebuild.
contribution AS (
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
    purchase_count,
    refund_count,
    sale_quantity,
    revenue,
    sale_without_amount_count,
    first_at,
    last_at,
    day_score,
    NULL AS stored_day_count,
    NULL AS stored_rating,
    NULL AS stored_is_subscribed
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
    purchase_count,
    refund_count,
    sale_quantity,
    revenue,
    sale_without_amount_count,
    first_at,
    last_at,
    NULL AS day_score,
    active_day_count AS stored_day_count,
    last_rating AS stored_rating,
    is_subscribed AS stored_is_subscribed
  FROM stored_totals
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
    sum(purchase_count) AS purchase_count,
    sum(refund_count) AS refund_count,
    sum(sale_quantity) AS sale_quantity,
    sum(revenue) AS revenue,
    sum(sale_without_amount_count) AS sale_without_amount_count,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    min(activity_date) AS first_date,
    max(activity_date) AS last_date,
    sum(day_score) AS single_day_score,
    max(stored_day_count) AS stored_day_count,
    max(stored_rating) AS stored_rating,
    bool_or(stored_is_subscribed) AS stored_is_subscribed
  FROM contribution
  GROUP BY company_id, person_id, product_sku
),

-- Most pairs have one day only: the expensive decay is computed for the others alone.
multi_day_score AS (
  SELECT
    person_day.company_id,
    person_day.person_id,
    person_day.product_sku,
    person_day.activity_date,
    sum(person_day.day_score) AS score,
    NULL AS stored_day_count
  FROM person_day
  INNER JOIN total USING (company_id, person_id, product_sku)
  WHERE total.first_date < total.last_date OR total.stored_day_count IS NOT NULL
  GROUP BY person_day.company_id, person_day.person_id, person_day.product_sku, person_day.activity_date
  UNION ALL
  SELECT
    company_id,
    person_id,
    product_sku,
    last_date AS activity_date,
    affinity_millionths AS score,
    active_day_count AS stored_day_count
  FROM stored_totals
),

-- Day by day, in date order: the score so far decays and is rounded, so that a later run can continue from it.
-- `affinity_decay` has the share that is left after 0, 1, 2 … days, in 10^-15; after the last of them nothing is.
-- PRS is off because sqlfluff does not parse a LAMBDA of two parameters.
decayed AS (
  SELECT
    company_id,
    person_id,
    product_sku,
    count(activity_date) + coalesce(max(stored_day_count) - 1, 0) AS active_day_count,
    list_reduce( -- noqa: PRS
      list_sort(list({'day': activity_date, 'score': score})),
      LAMBDA so_far, next_day: {
        'day': next_day.day,
        'score': round_quotient(
          so_far.score
          * coalesce(getvariable('affinity_decay')[1 + date_diff('day', so_far.day, next_day.day)], 0),
          1000000000000000
        ) + next_day.score
      }
    ).score AS affinity_millionths
  FROM multi_day_score
  GROUP BY company_id, person_id, product_sku
),

feedback AS (
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
    coalesce(decayed.active_day_count, 1) AS active_day_count,
    coalesce(decayed.affinity_millionths, total.single_day_score) AS affinity_millionths,
    coalesce(feedback.newest_rating.rating, total.stored_rating) AS last_rating,
    coalesce(feedback.newest_subscription.is_subscribed, total.stored_is_subscribed) AS is_subscribed
  FROM total
  LEFT JOIN decayed USING (company_id, person_id, product_sku)
  LEFT JOIN feedback USING (company_id, person_id, product_sku)
),

points AS (
  SELECT
    *,
    affinity_millionths / 1000000 AS affinity_score
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
  purchase_count,
  refund_count,
  sale_quantity,
  revenue,
  sale_without_amount_count,
  first_at,
  last_at,
  last_date,
  last_rating,
  is_subscribed,
  affinity_score,
  CASE
    WHEN affinity_score > 0
      THEN
        round_number(
          (
            log2(affinity_score)
            + date_diff('day', DATE '2000-01-01', last_date) / getvariable('affinity_half_life_days')
          )
          * 1000000
        )
        / 1000000
  END AS affinity_order,
  affinity_millionths
FROM points
