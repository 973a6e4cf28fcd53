-- One person in one month: interactions, purchases and revenue, and the month of the person's first interaction.
-- Grain: company_id, person_id, activity_month
-- Inputs: customer_daily, customer_identity
-- Mind: Months are those of the business time zone. A month without interactions has no row.
WITH
month_total AS (
  SELECT
    person.company_id,
    person.person_id,
    date_trunc('month', daily.activity_date)::DATE AS activity_month,
    sum(daily.interaction_count) AS interaction_count,
    sum(daily.purchase_count) AS purchase_count,
    sum(daily.revenue) AS revenue
  FROM customer_daily AS daily
  INNER JOIN customer_identity AS person
    ON daily.company_id = person.company_id AND daily.customer_key = person.identifier
  GROUP BY person.company_id, person.person_id, date_trunc('month', daily.activity_date)::DATE
)

SELECT
  company_id,
  person_id,
  min(activity_month) OVER (PARTITION BY company_id, person_id) AS cohort_month,
  activity_month,
  interaction_count,
  purchase_count,
  revenue
FROM month_total
