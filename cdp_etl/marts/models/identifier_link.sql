-- Two identifiers of one company that occur together on current records, in either order; each also with itself.
-- Grain: company_id, identifier, other_identifier
-- Inputs: customer_product_activity_current, customer_product_comment_current, customer_product_review_current,
--   customer_product_subscriber_current, email_interaction_current, sms_interaction_current
-- Mind: A pair is no proof of one person: shared identifiers occur with many. `customer_identity` decides.
SELECT
  company_id,
  identifier,
  other_identifier,
  sum(records) AS record_count
FROM occurrence
GROUP BY company_id, identifier, other_identifier
HAVING sum(records) > 0
