-- A row of a split person, and each row that it may be part of now.
-- Grain: $row_columns
-- Inputs: prior_rows, reassigned_identifier, current_person
WITH
split_row AS (
  SELECT $row_columns
  FROM prior_rows
  WHERE current_person_id IS NULL
)

SELECT *
FROM split_row
UNION
SELECT split_row.* REPLACE (current_person.person_id AS person_id)
FROM split_row
INNER JOIN reassigned_identifier USING (company_id, person_id)
INNER JOIN current_person
  ON
    reassigned_identifier.company_id = current_person.company_id
    AND reassigned_identifier.identifier = current_person.identifier
