-- One person: their newest name, their identifiers, what they did in all time, and what they consent to.
-- Grain: company_id, person_id
-- Inputs: customer_daily, customer_identity, customer_product_subscriber_current, customer_product_subscriber
-- Mind: Consent is the newest statement: a subscription or its end, each version of its record at the moment that it
--   bears; a message unsubscribed from, or complained of. Null means that nothing was ever said, not that it is given.
--   A subscription that does not say whether by e-mail or by phone states nothing of it.
--   A person none of whose identifiers is the best of any record (see `customer_key`) is not here.
WITH
-- All versions count, as long as the record is current and not deleted; they speak for whom the record is of now.
subscription AS (
  SELECT
    known.company_id,
    known.customer_key,
    -- An end ends both; false AND null is false.
    delivered.status = 'Subscribed' AND delivered.subscribe_email AS by_email,
    delivered.status = 'Subscribed' AND delivered.subscribe_phone AS by_phone,
    {
      'occurred_at': delivered.occurred_at,
      'dump_date': delivered.dump_date,
      'system_name': coalesce(delivered.system_name, ''),
      'record_id': delivered.subscribe_id,
      'entity': 'customer_product_subscriber'
    } AS place
  FROM customer_product_subscriber_current AS known
  INNER JOIN customer_product_subscriber AS delivered
    ON known.key_hash = delivered.key_hash AND known.record_key = delivered.record_key
  WHERE delivered.record_status IS DISTINCT FROM 'Deleted'
),

subscribed AS (
  SELECT
    person.company_id,
    person.person_id,
    max(
      {
        'place': subscription.place,
        'value': subscription.by_email
      }
    ) FILTER (WHERE subscription.by_email IS NOT NULL) AS newest_email_statement,
    max(
      {
        'place': subscription.place,
        'value': subscription.by_phone
      }
    ) FILTER (WHERE subscription.by_phone IS NOT NULL) AS newest_phone_statement
  FROM subscription
  INNER JOIN customer_identity AS person
    ON subscription.company_id = person.company_id AND subscription.customer_key = person.identifier
  GROUP BY person.company_id, person.person_id
),

identified AS (
  SELECT
    company_id,
    person_id,
    list(identifier ORDER BY identifier) AS identifiers
  FROM customer_identity
  GROUP BY company_id, person_id
),

-- What is summed up already of the days before all of these stands in `earlier`; it is empty where all days are read.
day AS (
  SELECT
    person.company_id,
    person.person_id,
    daily.activity_date,
    daily.newest_name,
    NULL AS earlier_name,
    daily.interaction_count,
    daily.activity_count,
    daily.comment_count,
    daily.review_count,
    daily.subscribe_count,
    daily.unsubscribe_count,
    daily.email_count,
    daily.sms_count,
    daily.first_at,
    daily.last_at,
    daily.latest_email_opt_out,
    daily.newest_sms_refusal,
    NULL AS newest_email_statement,
    NULL AS newest_phone_statement
  FROM customer_daily AS daily
  INNER JOIN customer_identity AS person
    ON daily.company_id = person.company_id AND daily.customer_key = person.identifier
  UNION ALL
  SELECT
    company_id,
    person_id,
    last_date AS activity_date,
    NULL AS newest_name,
    customer_name AS earlier_name,
    interaction_count,
    activity_count,
    comment_count,
    review_count,
    subscribe_count,
    unsubscribe_count,
    email_count,
    sms_count,
    first_at,
    last_at,
    latest_email_opt_out,
    newest_sms_refusal,
    newest_email_statement,
    newest_phone_statement
  FROM earlier
),

-- Most days name nobody and refuse nothing: nulls are passed over before they are compared, which is dear.
total AS (
  SELECT
    company_id,
    person_id,
    max(newest_name) FILTER (WHERE newest_name.value IS NOT NULL) AS newest_name,
    max(earlier_name) AS earlier_name,
    sum(interaction_count) AS interaction_count,
    sum(activity_count) AS activity_count,
    sum(comment_count) AS comment_count,
    sum(review_count) AS review_count,
    sum(subscribe_count) AS subscribe_count,
    sum(unsubscribe_count) AS unsubscribe_count,
    sum(email_count) AS email_count,
    sum(sms_count) AS sms_count,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    max(activity_date) AS last_date,
    max(latest_email_opt_out) FILTER (WHERE latest_email_opt_out.value IS NOT NULL) AS latest_email_opt_out,
    max(newest_sms_refusal) FILTER (WHERE newest_sms_refusal.value IS NOT NULL) AS newest_sms_refusal,
    max(newest_email_statement) FILTER (WHERE newest_email_statement.value IS NOT NULL) AS newest_email_statement,
    max(newest_phone_statement) FILTER (WHERE newest_phone_statement.value IS NOT NULL) AS newest_phone_statement
  FROM day
  GROUP BY company_id, person_id
),

-- Whose subscriptions are read has no earlier statement.
stated AS (
  SELECT
    total.* EXCLUDE (newest_email_statement, newest_phone_statement),
    coalesce(subscribed.newest_email_statement, total.newest_email_statement) AS newest_email_statement,
    coalesce(subscribed.newest_phone_statement, total.newest_phone_statement) AS newest_phone_statement
  FROM total
  LEFT JOIN subscribed USING (company_id, person_id)
)

SELECT
  stated.company_id,
  stated.person_id,
  coalesce(stated.newest_name.value, stated.earlier_name) AS customer_name,
  identified.identifiers,
  stated.interaction_count,
  stated.activity_count,
  stated.comment_count,
  stated.review_count,
  stated.subscribe_count,
  stated.unsubscribe_count,
  stated.email_count,
  stated.sms_count,
  stated.first_at,
  stated.last_at,
  CASE
    WHEN stated.latest_email_opt_out IS NULL THEN stated.newest_email_statement.value
    WHEN stated.newest_email_statement IS NULL THEN FALSE
    ELSE stated.newest_email_statement.value AND stated.newest_email_statement.place > stated.latest_email_opt_out.place
  END AS has_email_consent,
  CASE
    WHEN stated.newest_sms_refusal IS NULL THEN stated.newest_phone_statement.value
    WHEN stated.newest_phone_statement IS NULL THEN FALSE
    ELSE stated.newest_phone_statement.value AND stated.newest_phone_statement.place > stated.newest_sms_refusal.place
  END AS has_phone_consent,
  stated.last_date,
  stated.latest_email_opt_out,
  stated.newest_sms_refusal,
  stated.newest_email_statement,
  stated.newest_phone_statement
FROM stated
INNER JOIN identified USING (company_id, person_id)
