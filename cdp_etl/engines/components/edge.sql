-- A pair of nodes that occur together on a record and are not excluded from identity matching.
-- Grain: company_id, upper_node, lower_node
-- Inputs: identifier_link, node
WITH
linking AS (
  SELECT
    company_id,
    identifier
  FROM node
  WHERE exclusion_reason IS NULL
)

SELECT
  link.company_id,
  link.identifier AS upper_node,
  link.other_identifier AS lower_node
FROM identifier_link AS link
SEMI JOIN linking AS own
  ON link.company_id = own.company_id AND link.identifier = own.identifier
SEMI JOIN linking AS other
  ON link.company_id = other.company_id AND link.other_identifier = other.identifier
WHERE link.identifier > link.other_identifier
