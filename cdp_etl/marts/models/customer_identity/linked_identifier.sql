-- An identifier of a changed pair, or one that such an identifier now occurs with.
-- Grain: company_id, identifier
-- Inputs: changed_pair, identifier_link
-- Mind: An identifier excluded from identity matching does not add the identifiers that it occurs with.
WITH
changed_identifier AS (
  SELECT DISTINCT
    company_id,
    identifier
  FROM changed_pair
),

linking_identifier AS (
  SELECT
    company_id,
    identifier
  FROM $nodes_of_changed_identifier
  WHERE exclusion_reason IS NULL
)

SELECT
  company_id,
  identifier
FROM changed_identifier
UNION
SELECT
  company_id,
  other_identifier
FROM $links_of_linking_identifier
