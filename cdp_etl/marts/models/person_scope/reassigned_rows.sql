-- A row of a person that gained or lost an identifier: under its person before and each person now.
-- Grain: $row_columns
-- Inputs: prior_rows, reassigned_identifier, current_person
WITH
reassigned_row AS (
  SELECT prior_rows.* REPLACE (current_person.person_id AS person_id)
  FROM prior_rows
  INNER JOIN reassigned_identifier USING (company_id, person_id)
  INNER JOIN current_person
    ON
      reassigned_identifier.company_id = current_person.company_id
      AND reassigned_identifier.identifier = current_person.identifier
)

SELECT $row_columns
FROM prior_rows
UNION
SELECT $row_columns
FROM reassigned_row
