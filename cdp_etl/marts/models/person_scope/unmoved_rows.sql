-- A row to recompute of a person that neither gained nor lost an identifier.
-- Grain: $row_columns
-- Inputs: affected, reassigned_identifier
SELECT affected.*
FROM affected
ANTI JOIN reassigned_identifier USING (company_id, person_id)
