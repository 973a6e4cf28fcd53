-- A stored row of a person that gained or lost an identifier, with the person it belongs to now.
-- Grain: $row_columns
-- Inputs: $mart, person_mapping
-- Mind: `current_person_id` is null if the person was split.
SELECT
  prior_row.*,
  person_mapping.current_person_id
FROM $rows_of_reassigned_persons AS prior_row
LEFT JOIN person_mapping USING (company_id, person_id)
