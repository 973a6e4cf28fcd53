-- A pair of nodes that occur together on a record and are not excluded from identity matching.
-- Grain: number, other_number
-- Inputs: numbered_node, identifier_link
WITH
pair AS (
  SELECT
    company_id,
    identifier,
    other_identifier
  FROM identifier_link
  WHERE identifier < other_identifier
)

SELECT
  node.number,
  other_node.number AS other_number
FROM pair
INNER JOIN numbered_node AS node USING (company_id, identifier)
INNER JOIN numbered_node AS other_node
  ON pair.company_id = other_node.company_id AND pair.other_identifier = other_node.identifier
WHERE node.is_linking AND other_node.is_linking
