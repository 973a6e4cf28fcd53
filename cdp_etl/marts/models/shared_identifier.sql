-- An identifier excluded from identity matching, with the reason: a call centre's phone, a guest's customer id.
-- Grain: company_id, identifier
-- Inputs: customer_identity, <entity>_current
-- Mind: A listed identifier is not an error; it only does not identify one person.
--   A placeholder, such as the customer id `null`, is listed in lower case, and is no row of `customer_identity`.
WITH
excluded AS (
  SELECT
    company_id,
    identifier,
    customer_id_count,
    email_count,
    phone_count,
    exclusion_reason
  FROM customer_identity
  WHERE exclusion_reason IS NOT NULL
)

SELECT
  company_id,
  identifier,
  customer_id_count,
  email_count,
  phone_count,
  exclusion_reason
FROM excluded
UNION ALL
SELECT
  company_id,
  identifier,
  count(other_identifier) FILTER (WHERE starts_with(other_identifier, 'c:')) AS customer_id_count,
  count(other_identifier) FILTER (WHERE starts_with(other_identifier, 'e:')) AS email_count,
  count(other_identifier) FILTER (WHERE starts_with(other_identifier, 'p:')) AS phone_count,
  'placeholder' AS exclusion_reason
FROM placeholder_occurrence
-- A record that was loaded before its value became a placeholder still has it as an identifier.
ANTI JOIN excluded USING (company_id, identifier)
GROUP BY company_id, identifier
