-- A customer key of a row that is recomputed from all of its days.
-- Grain: $key_columns
-- Inputs: full_recompute_rows, customer_identity
SELECT
  full_recompute_rows.* EXCLUDE (person_id),
  person.identifier AS customer_key
FROM full_recompute_rows
INNER JOIN $identifiers_of_recomputed_persons AS person USING (company_id, person_id)
