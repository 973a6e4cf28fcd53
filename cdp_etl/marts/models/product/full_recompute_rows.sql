-- A product whose stored row cannot be updated: a day changed that the row already includes.
-- Grain: company_id, product_sku
-- Inputs: changed_day, existing_rows
SELECT DISTINCT
  company_id,
  product_sku
FROM changed_day
INNER JOIN existing_rows USING (company_id, product_sku)
WHERE changed_day.activity_date <= existing_rows.last_date
