-- Baskets of one kind that began in one month: their number, and those that no pairs are counted of.
-- Grain: company_id, basket_kind, basket_month
-- Inputs: person_basket
-- Mind: A basket of more than `max_basket_products` products is left out of `product_pair`: it is a catalogue read by a
--   machine, or a reseller. The month is that of its first interaction.
SELECT
  company_id,
  basket_kind,
  basket_month,
  count(*) AS basket_count,
  count(*) FILTER (WHERE products IS NULL) AS left_out_basket_count,
  count(DISTINCT person_id) AS person_count
FROM person_basket
GROUP BY company_id, basket_kind, basket_month
