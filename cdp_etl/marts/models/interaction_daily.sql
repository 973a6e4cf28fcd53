-- How many interactions of one kind a company has on one day, and for how many no customer or product is known.
-- Grain: company_id, activity_date, kind
-- Inputs: interaction
-- Mind: A product is never known for e-mail and SMS: the contract links no message to one.
--   A day on which nothing of a kind happened has no row.
SELECT
  company_id,
  activity_date,
  kind,
  count(*) AS interaction_count,
  count(*) FILTER (WHERE customer_key IS NULL) AS without_customer_count,
  count(*) FILTER (WHERE product_sku IS NULL) AS without_product_count,
  count(*) FILTER (WHERE customer_key IS NOT NULL AND product_sku IS NOT NULL) AS customer_and_product_count
FROM interaction
GROUP BY company_id, activity_date, kind
