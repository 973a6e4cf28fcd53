-- A pair of identifiers of one company that occur together on current records: in both orders, and each with itself.
-- Grain: company_id, identifier, other_identifier
-- Inputs: customer_product_activity_current, customer_product_comment_current, customer_product_review_current,
--   customer_product_subscriber_current, email_interaction_current, sms_interaction_current
-- Mind: A pair does not prove one person, because a shared identifier occurs with many. `customer_identity` decides.
SELECT
  company_id,
  identifier,
  other_identifier,
  sum(records) AS record_count,
  sum(key_records) AS key_record_count
FROM occurrence
GROUP BY company_id, identifier, other_identifier
HAVING sum(records) > 0
