-- A row of a person that gained or lost an identifier: under its person before and each person now.
-- Grain: $row_columns
-- Inputs: prior_rows, reassigned_identifier, current_person
WITH
-- Materialized, because DuckDB may otherwise join prior_rows with current_person first, by company alone.
identifier_of_row AS MATERIALIZED (
  SELECT
    prior_rows.*,
    reassigned_identifier.identifier
  FROM prior_rows
  INNER JOIN reassigned_identifier USING (company_id, person_id)
),

reassigned_row AS (
  SELECT identifier_of_row.* REPLACE (current_person.person_id AS person_id)
  FROM identifier_of_row
  INNER JOIN current_person USING (company_id, identifier)
)

SELECT $row_columns
FROM prior_rows
UNION
SELECT $row_columns
FROM reassigned_row
