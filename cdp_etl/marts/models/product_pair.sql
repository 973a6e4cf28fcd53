-- Two products that were seen or bought together, with support, confidence and lift.
-- Grain: company_id, basket_kind, product_a, product_b
-- Inputs: product_pair_month, basket_month
-- Mind: `product_a` is before `product_b`, and each pair has one row: look for a product in both columns.
--   Baskets are of all time. A pair of fewer than `pair_min_baskets` baskets is not here, nor one that is among the
--   first `max_pairs_per_product` of neither of its products. `product_pair_month` has all of them.
--   A lift above 1 says that the products are together more often than by chance; of rare products it says little.
WITH
counted AS (
  SELECT
    company_id,
    basket_kind,
    product_a,
    product_b,
    sum(basket_count) AS basket_count
  FROM product_pair_month
  GROUP BY company_id, basket_kind, product_a, product_b
),

total AS (
  SELECT
    company_id,
    basket_kind,
    sum(basket_count - left_out_basket_count) AS basket_count
  FROM basket_month
  GROUP BY company_id, basket_kind
),

frequent AS (
  SELECT *
  FROM counted
  WHERE product_a < product_b AND basket_count >= getvariable('pair_min_baskets')
),

product_of_pair AS (
  SELECT
    *,
    product_a AS product_sku
  FROM frequent
  UNION ALL
  SELECT
    *,
    product_b AS product_sku
  FROM frequent
),

ranked AS (
  SELECT
    company_id,
    basket_kind,
    product_a,
    product_b,
    row_number() OVER (
      PARTITION BY company_id, basket_kind, product_sku
      ORDER BY basket_count DESC, product_a ASC, product_b ASC
    ) AS pair_rank
  FROM product_of_pair
),

shown AS (
  SELECT
    company_id,
    basket_kind,
    product_a,
    product_b,
    min(pair_rank) AS pair_rank
  FROM ranked
  WHERE pair_rank <= getvariable('max_pairs_per_product')
  GROUP BY company_id, basket_kind, product_a, product_b
),

measured AS (
  SELECT
    pair.company_id,
    pair.basket_kind,
    pair.product_a,
    pair.product_b,
    pair.basket_count,
    first_product.basket_count AS product_a_basket_count,
    second_product.basket_count AS product_b_basket_count,
    total.basket_count AS all_basket_count,
    shown.pair_rank
  FROM shown
  INNER JOIN frequent AS pair USING (company_id, basket_kind, product_a, product_b)
  INNER JOIN total USING (company_id, basket_kind)
  INNER JOIN counted AS first_product
    ON
      pair.company_id = first_product.company_id
      AND pair.basket_kind = first_product.basket_kind
      AND pair.product_a = first_product.product_a
      AND first_product.product_a = first_product.product_b
  INNER JOIN counted AS second_product
    ON
      pair.company_id = second_product.company_id
      AND pair.basket_kind = second_product.basket_kind
      AND pair.product_b = second_product.product_a
      AND second_product.product_a = second_product.product_b
)

SELECT
  company_id,
  basket_kind,
  product_a,
  product_b,
  basket_count,
  product_a_basket_count,
  product_b_basket_count,
  all_basket_count,
  round_quotient(basket_count * 1000000, all_basket_count) / 1000000 AS support,
  round_quotient(basket_count * 1000000, product_a_basket_count) / 1000000 AS confidence_a_to_b,
  round_quotient(basket_count * 1000000, product_b_basket_count) / 1000000 AS confidence_b_to_a,
  round_quotient(basket_count * all_basket_count * 1000000, product_a_basket_count * product_b_basket_count)
  / 1000000 AS lift,
  pair_rank
FROM measured
