-- Number of interactions of one kind of one company on one day, and how many lack a known customer or product.
-- Grain: company_id, activity_date, kind
-- Inputs: interaction
-- Mind: E-mail and SMS never have a product: the contract links no message to one.
--   A day without interactions of a kind has no row for that kind.
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
