-- A node with a number: the row of the adjacency matrix.
-- Grain: company_id, identifier
-- Inputs: node
SELECT
  company_id,
  identifier,
  exclusion_reason IS NULL AS is_linking,
  row_number() OVER () - 1 AS number
FROM node
