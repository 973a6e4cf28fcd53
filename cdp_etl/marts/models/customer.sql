-- One person: newest name, identifiers, lifetime interaction counts and consent.
-- Grain: company_id, person_id
-- Inputs: customer_daily, customer_identity, identifier_link, consent
-- Mind: Consent is by contact, see `consent`: one contact that refuses makes it false, whoever shares the contact.
--   Null means that no contact of the person has stated anything: it is not consent.
--   A person is listed only if one of their identifiers is the `customer_key` of some record.
WITH
person_identifiers AS (
  SELECT
    company_id,
    person_id,
    list(identifier ORDER BY identifier) AS identifiers
  FROM customer_identity
  GROUP BY company_id, person_id
),

-- `stored_totals` holds the previous row of persons that only gained later days; it is empty in a full rebuild.
contribution AS (
  SELECT
    person.company_id,
    person.person_id,
    daily.activity_date,
    daily.newest_name,
    NULL AS stored_name,
    daily.interaction_count,
    daily.activity_count,
    daily.comment_count,
    daily.review_count,
    daily.subscribe_count,
    daily.unsubscribe_count,
    daily.email_count,
    daily.sms_count,
    daily.purchase_count,
    daily.refund_count,
    daily.sale_quantity,
    daily.revenue,
    daily.sale_without_amount_count,
    CASE WHEN daily.purchase_count > 0 THEN daily.activity_date END AS last_purchase_date,
    daily.first_at,
    daily.last_at
  FROM customer_daily AS daily
  INNER JOIN customer_identity AS person
    ON daily.company_id = person.company_id AND daily.customer_key = person.identifier
  UNION ALL
  SELECT
    company_id,
    person_id,
    last_date AS activity_date,
    NULL AS newest_name,
    customer_name AS stored_name,
    interaction_count,
    activity_count,
    comment_count,
    review_count,
    subscribe_count,
    unsubscribe_count,
    email_count,
    sms_count,
    purchase_count,
    refund_count,
    sale_quantity,
    revenue,
    sale_without_amount_count,
    last_purchase_date,
    first_at,
    last_at
  FROM stored_totals
),

-- Most days have no name: filtering nulls first avoids expensive struct comparisons.
total AS (
  SELECT
    company_id,
    person_id,
    max(newest_name) FILTER (WHERE newest_name.value IS NOT NULL) AS newest_name,
    max(stored_name) AS stored_name,
    sum(interaction_count) AS interaction_count,
    sum(activity_count) AS activity_count,
    sum(comment_count) AS comment_count,
    sum(review_count) AS review_count,
    sum(subscribe_count) AS subscribe_count,
    sum(unsubscribe_count) AS unsubscribe_count,
    sum(email_count) AS email_count,
    sum(sms_count) AS sms_count,
    sum(purchase_count) AS purchase_count,
    sum(refund_count) AS refund_count,
    sum(sale_quantity) AS sale_quantity,
    sum(revenue) AS revenue,
    sum(sale_without_amount_count) AS sale_without_amount_count,
    max(last_purchase_date) AS last_purchase_date,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    max(activity_date) AS last_date
  FROM contribution
  GROUP BY company_id, person_id
)

SELECT
  total.company_id,
  total.person_id,
  coalesce(total.newest_name.value, total.stored_name) AS customer_name,
  person_identifiers.identifiers,
  total.interaction_count,
  total.activity_count,
  total.comment_count,
  total.review_count,
  total.subscribe_count,
  total.unsubscribe_count,
  total.email_count,
  total.sms_count,
  total.purchase_count,
  total.refund_count,
  total.sale_quantity,
  total.revenue,
  total.sale_without_amount_count,
  total.last_purchase_date,
  total.first_at,
  total.last_at,
  person_consent.has_email_consent,
  person_consent.has_phone_consent,
  total.last_date
FROM total
INNER JOIN person_identifiers USING (company_id, person_id)
LEFT JOIN person_consent USING (company_id, person_id)
