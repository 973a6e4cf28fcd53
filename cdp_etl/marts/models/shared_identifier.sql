-- An identifier excluded from identity matching, with the reason: a call centre's phone, a guest's customer id.
-- Grain: company_id, identifier
-- Inputs: customer_identity
-- Mind: A listed identifier is not an error; it only does not identify one person.
SELECT
  company_id,
  identifier,
  customer_id_count,
  email_count,
  phone_count,
  exclusion_reason
FROM customer_identity
WHERE exclusion_reason IS NOT NULL
