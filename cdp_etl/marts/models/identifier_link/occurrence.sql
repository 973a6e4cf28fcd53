-- A pair of identifiers that occur together on records with the same identifiers; each also with itself.
-- Grain: company_id, all identifiers of the records, identifier, other_identifier
-- Inputs: records with company_id, identifiers and weight
-- Mind: The first identifier of a record is its customer key.
WITH
identifier_set AS (
  SELECT
    company_id,
    identifiers,
    sum(weight) AS records
  FROM $records
  GROUP BY company_id, identifiers
),

member AS (
  SELECT
    company_id,
    identifiers,
    records,
    unnest(identifiers) AS identifier
  FROM identifier_set
)

SELECT
  company_id,
  identifier,
  unnest(identifiers) AS other_identifier,
  records,
  CASE identifier WHEN identifiers[1] THEN records ELSE 0 END AS key_records
FROM member
