-- One person: newest name, identifiers, lifetime interaction counts and consent.
-- Grain: company_id, person_id
-- Inputs: customer_daily, customer_identity, customer_product_subscriber_current, customer_product_subscriber
-- Mind: Consent is decided by the newest consent record: a version of a subscription, at that version's own timestamp,
--   or an unsubscribe or complaint event. Null means that no consent record exists: it is not consent.
--   A subscription that names neither true nor false for a channel is no consent record for that channel.
--   A person is listed only if one of their identifiers is the `customer_key` of some record.
WITH
-- Every version of a current record counts unless it is deleted, for the customer that the current version names.
subscription AS (
  SELECT
    current_record.company_id,
    current_record.customer_key,
    -- Unsubscribed ends both channels: FALSE AND NULL is FALSE.
    delivered.status = 'Subscribed' AND delivered.subscribe_email AS by_email,
    delivered.status = 'Subscribed' AND delivered.subscribe_phone AS by_phone,
    {
      'occurred_at': delivered.occurred_at,
      'dump_date': delivered.dump_date,
      'system_name': coalesce(delivered.system_name, ''),
      'record_id': delivered.subscribe_id,
      'entity': 'customer_product_subscriber'
    } AS place
  FROM customer_product_subscriber_current AS current_record
  INNER JOIN customer_product_subscriber AS delivered
    ON current_record.key_hash = delivered.key_hash AND current_record.record_key = delivered.record_key
  WHERE delivered.record_status IS DISTINCT FROM 'Deleted'
),

newest_statement AS (
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
    customer_name AS stored_name,
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
  FROM stored_totals
),

-- Most days have no name and no opt-out: filtering nulls first avoids expensive struct comparisons.
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
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    max(activity_date) AS last_date,
    max(latest_email_opt_out) FILTER (WHERE latest_email_opt_out.value IS NOT NULL) AS latest_email_opt_out,
    max(newest_sms_refusal) FILTER (WHERE newest_sms_refusal.value IS NOT NULL) AS newest_sms_refusal,
    max(newest_email_statement) FILTER (WHERE newest_email_statement.value IS NOT NULL) AS newest_email_statement,
    max(newest_phone_statement) FILTER (WHERE newest_phone_statement.value IS NOT NULL) AS newest_phone_statement
  FROM contribution
  GROUP BY company_id, person_id
),

-- A person whose subscriptions are read again has no stored statement.
joined AS (
  SELECT
    total.* EXCLUDE (newest_email_statement, newest_phone_statement),
    coalesce(newest_statement.newest_email_statement, total.newest_email_statement) AS newest_email_statement,
    coalesce(newest_statement.newest_phone_statement, total.newest_phone_statement) AS newest_phone_statement
  FROM total
  LEFT JOIN newest_statement USING (company_id, person_id)
)

SELECT
  joined.company_id,
  joined.person_id,
  coalesce(joined.newest_name.value, joined.stored_name) AS customer_name,
  person_identifiers.identifiers,
  joined.interaction_count,
  joined.activity_count,
  joined.comment_count,
  joined.review_count,
  joined.subscribe_count,
  joined.unsubscribe_count,
  joined.email_count,
  joined.sms_count,
  joined.first_at,
  joined.last_at,
  CASE
    WHEN joined.latest_email_opt_out IS NULL THEN joined.newest_email_statement.value
    WHEN joined.newest_email_statement IS NULL THEN FALSE
    ELSE joined.newest_email_statement.value AND joined.newest_email_statement.place > joined.latest_email_opt_out.place
  END AS has_email_consent,
  CASE
    WHEN joined.newest_sms_refusal IS NULL THEN joined.newest_phone_statement.value
    WHEN joined.newest_phone_statement IS NULL THEN FALSE
    ELSE joined.newest_phone_statement.value AND joined.newest_phone_statement.place > joined.newest_sms_refusal.place
  END AS has_phone_consent,
  joined.last_date,
  joined.latest_email_opt_out,
  joined.newest_sms_refusal,
  joined.newest_email_statement,
  joined.newest_phone_statement
FROM joined
INNER JOIN person_identifiers USING (company_id, person_id)
