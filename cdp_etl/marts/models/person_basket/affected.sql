-- A basket of a person with a pending record or a moved identifier that differs from the stored one.
-- Grain: company_id, person_id, basket_kind, started_at
-- Inputs: current_basket, stored_basket
-- Mind: Baskets of these persons that are as before are not written, so that the marts after this one do not read
--   their months again.
WITH
differing AS (
  (
    SELECT *
    FROM current_basket
    EXCEPT
    SELECT $columns
    FROM stored_basket
  )
  UNION ALL
  (
    SELECT $columns
    FROM stored_basket
    EXCEPT
    SELECT *
    FROM current_basket
  )
)

SELECT DISTINCT
  company_id,
  person_id,
  basket_kind,
  started_at
FROM differing
