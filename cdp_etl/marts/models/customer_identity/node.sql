-- An identifier, with the number of other identifiers of each kind that it occurs with.
-- Grain: company_id, identifier
-- Inputs: identifier_link
-- Mind: The texts of `exclusion_reason` are published values.
WITH
neighbour_count AS (
  SELECT
    company_id,
    identifier,
    count(*) FILTER (WHERE starts_with(other_identifier, 'c:') AND other_identifier <> identifier) AS customer_id_count,
    count(*) FILTER (WHERE starts_with(other_identifier, 'e:') AND other_identifier <> identifier) AS email_count,
    count(*) FILTER (WHERE starts_with(other_identifier, 'p:') AND other_identifier <> identifier) AS phone_count
  FROM $links
  GROUP BY company_id, identifier
)

SELECT
  company_id,
  identifier,
  customer_id_count,
  email_count,
  phone_count,
  CASE
    WHEN list_contains(getvariable('identifier_denylist')::VARCHAR[], identifier) THEN 'is on the denylist'
    WHEN customer_id_count > getvariable('max_customers_per_identifier')
      THEN
        'occurs with '
        || customer_id_count
        || ' customer ids, more than '
        || getvariable('max_customers_per_identifier')
    WHEN email_count > getvariable('max_customers_per_identifier')
      THEN 'occurs with ' || email_count || ' emails, more than ' || getvariable('max_customers_per_identifier')
    WHEN phone_count > getvariable('max_customers_per_identifier')
      THEN 'occurs with ' || phone_count || ' phones, more than ' || getvariable('max_customers_per_identifier')
  END AS exclusion_reason
FROM neighbour_count
