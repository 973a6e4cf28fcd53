-- One basket of one person: the products of a session, or the products that were purchased together.
-- Grain: company_id, person_id, basket_kind, started_at
-- Inputs: interaction, customer_identity
-- Mind: `seen` are the interactions of any kind with a product, each less than `session_minutes` after the one before.
--   `bought` are the purchases, each less than `bought_together_days` times 24 hours after the one before.
--   A basket above `max_basket_products` has no `products`: its pairs are not counted.
WITH
item AS (
  SELECT
    person.company_id,
    person.person_id,
    'seen' AS basket_kind,
    interaction.product_sku,
    interaction.occurred_at,
    interaction.activity_date,
    interaction.occurred_at + to_minutes(getvariable('session_minutes')) AS open_until
  FROM interaction
  INNER JOIN customer_identity AS person
    ON interaction.company_id = person.company_id AND interaction.customer_key = person.identifier
  WHERE interaction.product_sku IS NOT NULL
  UNION ALL
  SELECT
    person.company_id,
    person.person_id,
    'bought' AS basket_kind,
    interaction.product_sku,
    interaction.occurred_at,
    interaction.activity_date,
    interaction.occurred_at + to_hours(24 * getvariable('bought_together_days')) AS open_until
  FROM interaction
  INNER JOIN customer_identity AS person
    ON interaction.company_id = person.company_id AND interaction.customer_key = person.identifier
  WHERE interaction.product_sku IS NOT NULL AND interaction.sale_type = 'purchase'
),

begun AS (
  SELECT
    *,
    CASE
      WHEN
        occurred_at
        < lag(open_until) OVER (PARTITION BY company_id, person_id, basket_kind ORDER BY occurred_at)
        THEN 0
      ELSE 1
    END AS begins_basket
  FROM item
),

-- The default frame includes all rows with an equal timestamp, so their order decides nothing.
numbered AS (
  SELECT
    *,
    sum(begins_basket) OVER (PARTITION BY company_id, person_id, basket_kind ORDER BY occurred_at) AS basket_number
  FROM begun
),

product AS (
  SELECT
    company_id,
    person_id,
    basket_kind,
    basket_number,
    product_sku,
    min(occurred_at) AS seen_at,
    min(activity_date) AS activity_date
  FROM numbered
  GROUP BY company_id, person_id, basket_kind, basket_number, product_sku
)

SELECT
  company_id,
  person_id,
  basket_kind,
  min(seen_at) AS started_at,
  date_trunc('month', min(activity_date))::DATE AS basket_month,
  count(*) AS product_count,
  CASE
    WHEN count(*) <= getvariable('max_basket_products') THEN list(product_sku ORDER BY product_sku)
  END AS products
FROM product
GROUP BY company_id, person_id, basket_kind, basket_number
