-- Two products in the baskets of one kind and one month: in how many baskets both are.
-- Grain: company_id, basket_kind, basket_month, product_a, product_b
-- Inputs: person_basket
-- Mind: `product_a` is not after `product_b`. A product with itself counts its baskets. Rare pairs are here too.
WITH
first_product AS (
  SELECT
    company_id,
    basket_kind,
    basket_month,
    products,
    unnest(products) AS product_a
  FROM person_basket
),

pair AS (
  SELECT
    company_id,
    basket_kind,
    basket_month,
    product_a,
    unnest(products) AS product_b
  FROM first_product
)

SELECT
  company_id,
  basket_kind,
  basket_month,
  product_a,
  product_b,
  count(*) AS basket_count
FROM pair
WHERE product_a <= product_b
GROUP BY company_id, basket_kind, basket_month, product_a, product_b
