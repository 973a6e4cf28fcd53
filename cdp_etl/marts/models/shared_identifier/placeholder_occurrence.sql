-- An identifier that occurs together with a placeholder on current records; null, for each placeholder, besides.
-- Grain: company_id, identifier, other_identifier
-- Inputs: current records with company_id, placeholders and identifiers
WITH
placeholder AS (
  SELECT
    company_id,
    unnest(placeholders) AS identifier,
    identifiers
  FROM $records
  WHERE placeholders IS NOT NULL
)

SELECT DISTINCT
  company_id,
  identifier,
  unnest(list_append(identifiers, NULL)) AS other_identifier
FROM placeholder
