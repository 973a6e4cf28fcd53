-- One person with a purchase: recency, frequency and monetary value among the purchasers of the company, and a segment.
-- Grain: company_id, person_id
-- Inputs: customer, interaction_daily
-- Mind: All of it is as of `as_of_date`, the newest day of the company, so it changes for everybody with every new day.
--   Quintile 5 is the best: the newest, most frequent, highest. Equal values have the same quintile, the one of the
--   highest rank among them. So if more than four in five persons purchased once, a frequency of 1 is in quintile 5.
--   `monetary` is revenue, so refunds lower it; a purchase without an amount adds 0.
WITH
as_of AS (
  SELECT
    company_id,
    max(activity_date) AS as_of_date
  FROM interaction_daily
  GROUP BY company_id
),

-- A count over the default frame includes all rows with an equal value: the highest rank among equals.
ranked AS (
  SELECT
    company_id,
    person_id,
    last_purchase_date,
    purchase_count,
    revenue,
    count(*) OVER (PARTITION BY company_id) AS purchasers,
    count(*) OVER (PARTITION BY company_id ORDER BY last_purchase_date) AS recency_rank,
    count(*) OVER (PARTITION BY company_id ORDER BY purchase_count) AS frequency_rank,
    count(*) OVER (PARTITION BY company_id ORDER BY revenue) AS monetary_rank
  FROM customer
  WHERE purchase_count > 0
),

-- (5 * rank + n - 1) // n is ceil(5 * rank / n) in integers.
scored AS (
  SELECT
    ranked.company_id,
    ranked.person_id,
    as_of.as_of_date,
    ranked.last_purchase_date,
    date_diff('day', ranked.last_purchase_date, as_of.as_of_date) AS recency_days,
    ranked.purchase_count AS frequency,
    ranked.revenue AS monetary,
    (5 * ranked.recency_rank + ranked.purchasers - 1) // ranked.purchasers AS recency_quintile,
    (5 * ranked.frequency_rank + ranked.purchasers - 1) // ranked.purchasers AS frequency_quintile,
    (5 * ranked.monetary_rank + ranked.purchasers - 1) // ranked.purchasers AS monetary_quintile
  FROM ranked
  INNER JOIN as_of USING (company_id)
)

SELECT
  company_id,
  person_id,
  as_of_date,
  last_purchase_date,
  recency_days,
  frequency,
  monetary,
  recency_quintile,
  frequency_quintile,
  monetary_quintile,
  CASE
    WHEN recency_quintile >= 4 AND frequency = 1 THEN 'new'
    WHEN recency_quintile >= 4 AND frequency_quintile >= 4 AND monetary_quintile >= 4 THEN 'champions'
    WHEN recency_quintile >= 3 AND frequency_quintile >= 4 AND frequency > 1 THEN 'loyal'
    WHEN recency_quintile >= 3 THEN 'promising'
    WHEN frequency_quintile >= 4 AND monetary_quintile >= 4 AND frequency > 1 THEN 'cannot_lose'
    WHEN recency_quintile = 2 THEN 'at_risk'
    ELSE 'lost'
  END AS rfm_segment
FROM scored
