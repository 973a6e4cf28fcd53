-- One person in one of the declared segments.
-- Grain: company_id, segment, person_id
-- Inputs: customer
-- Mind: A person for whom the condition is unknown, because a value is missing, is not in the segment.
--   Segments are declared in the file of the setting CDP_ETL_SEGMENTS; without it there is no row.
SELECT
  company_id,
  segment,
  person_id
FROM matching_person
