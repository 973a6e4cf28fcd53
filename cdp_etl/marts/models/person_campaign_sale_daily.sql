-- INFERRED: sales of one person on one day attributed to one campaign, by last touch, first touch and in equal parts.
-- Grain: company_id, person_id, channel, service_provider, campaign_id, activity_date
-- Inputs: interaction, customer_identity
-- Mind: The contract links no message to a sale: a sale followed the touch, the touch need not be the cause.
--   A touch is an event of a type in `attribution_touches` with a campaign. It counts for sales of its timestamp and
--   for less than `attribution_days` times 24 hours after it. Several touches in one campaign are several shares.
--   A share of a sale among n touches is an n-th without the fraction of a ten-thousandth; the last touch has the rest.
WITH
touch AS (
  SELECT
    interaction.company_id,
    person.person_id,
    interaction.occurred_at AS touched_at,
    interaction.dump_date,
    coalesce(interaction.system_name, '') AS system_name,
    interaction.record_id,
    interaction.entity,
    interaction.channel,
    interaction.service_provider,
    interaction.campaign_id
  FROM interaction
  INNER JOIN customer_identity AS person
    ON interaction.company_id = person.company_id AND interaction.customer_key = person.identifier
  WHERE
    list_contains(getvariable('attribution_touches')::VARCHAR[], interaction.event_type)
    AND interaction.campaign_id IS NOT NULL
),

touched_person AS (
  SELECT
    person.company_id,
    person.person_id,
    person.identifier
  FROM customer_identity AS person
  SEMI JOIN touch USING (company_id, person_id)
),

-- Amounts have four decimals, so ten-thousandths are integers.
sale AS (
  SELECT
    interaction.company_id,
    touched_person.person_id,
    interaction.occurred_at AS sold_at,
    interaction.activity_date,
    CASE interaction.sale_type WHEN 'purchase' THEN 10000 ELSE 0 END AS purchase_units,
    (coalesce(interaction.revenue, 0) * 10000)::HUGEINT AS revenue_units
  FROM interaction
  INNER JOIN touched_person
    ON interaction.company_id = touched_person.company_id AND interaction.customer_key = touched_person.identifier
  WHERE interaction.sale_type IS NOT NULL
),

moment AS (
  SELECT DISTINCT
    company_id,
    person_id,
    sold_at
  FROM sale
),

-- Company, system, record id and entity identify a record, so touches have a total order.
touch_of_moment AS (
  SELECT
    moment.company_id,
    moment.person_id,
    moment.sold_at,
    touch.channel,
    touch.service_provider,
    touch.campaign_id,
    row_number() OVER (
      PARTITION BY moment.company_id, moment.person_id, moment.sold_at
      ORDER BY touch.touched_at, touch.dump_date, touch.system_name, touch.record_id, touch.entity
    ) AS touch_number,
    count(*) OVER (PARTITION BY moment.company_id, moment.person_id, moment.sold_at) AS touch_count
  FROM moment
  INNER JOIN touch
    ON
      moment.company_id = touch.company_id
      AND moment.person_id = touch.person_id
      AND moment.sold_at >= touch.touched_at
  WHERE moment.sold_at < touch.touched_at + to_hours(24 * getvariable('attribution_days'))
),

share AS (
  SELECT
    touched.company_id,
    touched.person_id,
    touched.channel,
    touched.service_provider,
    touched.campaign_id,
    sale.activity_date,
    sale.sold_at,
    sale.purchase_units,
    sale.revenue_units,
    touched.touch_number = touched.touch_count AS is_last,
    touched.touch_number = 1 AS is_first,
    sale.purchase_units // touched.touch_count AS purchase_share,
    sale.purchase_units % touched.touch_count AS purchase_rest,
    sale.revenue_units // touched.touch_count AS revenue_share,
    sale.revenue_units % touched.touch_count AS revenue_rest
  FROM touch_of_moment AS touched
  INNER JOIN sale USING (company_id, person_id, sold_at)
)

SELECT
  company_id,
  person_id,
  channel,
  service_provider,
  campaign_id,
  activity_date,
  count(*) FILTER (WHERE is_last) AS last_touch_sale_count,
  sum(CASE WHEN is_last THEN purchase_units ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS last_touch_purchases,
  sum(CASE WHEN is_last THEN revenue_units ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS last_touch_revenue,
  count(*) FILTER (WHERE is_first) AS first_touch_sale_count,
  sum(CASE WHEN is_first THEN purchase_units ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS first_touch_purchases,
  sum(CASE WHEN is_first THEN revenue_units ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS first_touch_revenue,
  count(*) AS linear_share_count,
  sum(purchase_share + CASE WHEN is_last THEN purchase_rest ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS linear_purchases,
  sum(revenue_share + CASE WHEN is_last THEN revenue_rest ELSE 0 END)::DECIMAL(34, 0) * 0.0001 AS linear_revenue
FROM share
GROUP BY company_id, person_id, channel, service_provider, campaign_id, activity_date
