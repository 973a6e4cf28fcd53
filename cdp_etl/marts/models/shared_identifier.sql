-- An identifier that links nobody, and why: a call centre's phone, a shop's e-mail address, a guest's customer id.
-- Grain: company_id, identifier
-- Inputs: customer_identity
-- Mind: It is not wrong to be here; it only says nothing about who is who.
SELECT
  company_id,
  identifier,
  customer_id_count,
  email_count,
  phone_count,
  exclusion_reason
FROM customer_identity
WHERE exclusion_reason IS NOT NULL
